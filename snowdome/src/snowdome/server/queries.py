"""A query request: carries out its statement or statements, and encodes the answer."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from snowdome import types
from snowdome.engine import describe_only
from snowdome.engine.execution import execute
from snowdome.errors import SqlError
from snowdome.files import stage_files
from snowdome.security import network_policies
from snowdome.server import encoding, uploads
from snowdome.sql.parse import split
from snowdome.sql.redaction import redacted
from snowdome.state import fault_injection
from snowdome.state.statement_log import new_query_id

if TYPE_CHECKING:
    from snowdome.account import Account
    from snowdome.result import Result
    from snowdome.state.fault_injection import Fault
    from snowdome.state.session import Session

log = logging.getLogger("snowdome")
SEVERAL = 0xA000
COUNT = "MULTI_STATEMENT_COUNT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a client asked for."""

    account: Account
    session: Session
    body: dict[str, Any]
    query_id: str
    base_url: str
    fault: Fault | None = None
    """What is to strike it."""

    def run(self) -> dict[str, Any]:
        """The answer. Cut is raised where a fault wants none."""
        text, account, session, fault = self.text, self.account, self.session, self.fault
        with session.lock:
            answer = None
            try:
                network_policies.check_session(account, session)
                fault_injection.strike(account, fault, "before", session)
                answer = self._answer(text)
                if not uploads.offered(answer):  # a file is only on its way into its stage
                    fault_injection.strike(account, fault, "after")
            except SqlError as problem:
                account.results.fail(session, self.query_id, redacted(text), problem)
                return encoding.failed(problem, self.query_id)
            except fault_injection.Cut as cut:
                cut.answer = answer
                raise
            except Exception as problem:
                log.exception("statement %s failed inside snowdome", self.query_id)  # its text may hold a password
                return encoding.failed(
                    SqlError(603, "XX000", f"SQL execution internal error: {problem!r}"), self.query_id
                )
            finally:
                self.session.last_used = self.account.clock.now()
            return answer

    @property
    def text(self) -> str:
        """The statement's text."""
        return str(self.body["sqlText"])

    def _answer(self, text: str) -> dict[str, Any]:
        parameters = self.body.get("parameters") or {}
        if self.body.get("describeOnly"):
            result, binds = describe_only.describe(self.account, self.session, text)
            return encoding.described(self.session, result, self.query_id, binds)
        count = parameters.get(COUNT)
        if count is not None and int(count) != 1:
            return self._several(text, int(count))
        result = self._one(text, self.query_id)
        if "put" in result.extra:
            return uploads.offer(self.account, result, self.base_url, self.fault)
        if "get" in result.extra:
            return stage_files.offer(result, self.base_url)
        return encoding.answered(self.session, result, self.query_id)

    def _one(self, text: str, query_id: str) -> Result:
        parameters = self.body.get("parameters") or {}
        tag = parameters.get("QUERY_TAG")
        if tag is None:
            return execute(self.account, self.session, text, encoding.bound(self.body.get("bindings")), query_id)
        before = self.session.parameters.get("QUERY_TAG")
        self.session.parameters["QUERY_TAG"] = tag
        try:
            return execute(self.account, self.session, text, encoding.bound(self.body.get("bindings")), query_id)
        finally:
            if before is None:
                self.session.parameters.pop("QUERY_TAG", None)
            else:
                self.session.parameters["QUERY_TAG"] = before

    def _several(self, text: str, count: int) -> dict[str, Any]:
        """Several statements in one text: the client fetches each answer by its id."""
        statements = split(text)
        if count not in (0, len(statements)):
            raise SqlError(
                8,
                "0A000",
                f"Actual statement count {len(statements)} did not match the desired statement count {count}.",
            )
        ids, kinds = [], []
        for statement in statements:
            query_id = new_query_id()
            result = self._one(statement, query_id)
            ids.append(query_id)
            kinds.append(str(result.type_id))
        data = {
            "resultIds": ",".join(ids),
            "resultTypes": ",".join(kinds),
            "queryId": self.query_id,
            "statementTypeId": SEVERAL,
            "rowtype": [types.wire("multiple statement execution", "VARCHAR")],
            "rowset": [["Multiple statements executed successfully."]],
            "total": 1,
            "queryResultFormat": "json",
            "parameters": [],
            **encoding.state(self.session),
        }
        return {"data": data, "code": None, "message": None, "success": True}


def kept(account: Account, session: Session, query_id: str) -> dict[str, Any]:
    """The answer of an earlier statement."""
    outcome = account.results.get(query_id, session)
    if outcome is None:
        return encoding.failed(SqlError(709, "02000", f"Statement {query_id} not found"), query_id)
    if outcome.error is not None:
        return encoding.failed(outcome.error, query_id)
    if outcome.result is None:
        return encoding.in_progress(query_id) | {"code": "333333"}
    return encoding.answered(session, outcome.result, query_id)
