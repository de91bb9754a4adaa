"""From an account statement to the function that carries it out, folded from the kinds of objects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from snowdome.engine import comments
from snowdome.engine.comments import CommentOn
from snowdome.engine.describe import Describe
from snowdome.errors import unsupported
from snowdome.objects import KINDS
from snowdome.objects import unsupported as absent
from snowdome.objects.grants import handlers as grants
from snowdome.objects.grants import show as show_grants
from snowdome.query import calls
from snowdome.security import show_format
from snowdome.sql.grammar.show import Show

if TYPE_CHECKING:
    from snowdome.objects.kind import Handler, Kind
    from snowdome.query.account import Account
    from snowdome.result import Result
    from snowdome.state.session import Session

GENERAL: Mapping[type, Handler] = {
    **calls.HANDLERS,
    **grants.HANDLERS,
    **show_grants.HANDLERS,
    CommentOn: comments.comment,
}
"""Statements that are about no kind of object, or about any."""


class Dispatch:
    """What carries out the account statements on some kinds of objects."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._kinds: Mapping[str, Kind] = {kind.name: kind for kind in kinds}
        self._handlers: defaultdict[type, dict[str, Handler]] = defaultdict(dict)
        for kind in self._kinds.values():
            for statement, handler in kind.handlers.items():
                self._handlers[statement][kind.name] = handler
        self.shown: Mapping[str, Handler] = {
            **absent.SHOWN,
            **{name: kind.show for name, kind in self._kinds.items() if kind.show is not None},
            **{word: handler for kind in self._kinds.values() for word, handler in kind.also_shown.items()},
        }
        """What SHOW lists."""

    def run(self, account: Account, session: Session, statement: object) -> Result:
        """The statement has been carried out."""
        if isinstance(statement, Show):
            handler = self.shown.get(statement.kind)
            what = f"SHOW {statement.kind}"
            result = _served(handler, what)(account, session, statement)
            return show_format.as_resource(result, what) if statement.as_resource else result
        if isinstance(statement, Describe):
            describe = self._kinds[statement.kind].describe
            if describe is None:
                raise unsupported(f"DESCRIBE {statement.kind}")
            return describe(account, session, statement.name)
        return _served(self._handler(statement), type(statement).__name__)(account, session, statement)

    def _handler(self, statement: object) -> Handler | None:
        """Return what carries out the statement: the handler of its kind, where several kinds have such statements."""
        by_kind = self._handlers.get(type(statement))
        if by_kind is None:
            return GENERAL.get(type(statement))
        if len(by_kind) == 1:
            return next(iter(by_kind.values()))
        return by_kind.get(getattr(statement, "kind", ""))


def _served(handler: Handler | None, what: str) -> Handler:
    if handler is None:
        raise unsupported(what)
    return handler


DISPATCH = Dispatch(KINDS)
run = DISPATCH.run
