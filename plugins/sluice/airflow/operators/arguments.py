"""The arguments of an operator as they come: from a DAG file, from a form, or rendered from a template, as text.

Nothing is nothing in whatever shape it comes (None, an empty text, the text "None" that a template makes of None), and
what does not fit its field is refused by the field's name.
"""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from sluice.errors import SpecError

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Arguments:
    """Values by the names of their fields; one that does not fit is refused by that name."""

    values: Mapping[str, Any]

    def text(self, field: str) -> str | None:
        """Return a text without the blanks around it; None: the field is empty."""
        value = self.values.get(field)
        if value is None or value == "None":
            return None
        return str(value).strip() or None

    def lines(self, field: str) -> tuple[str, ...]:
        """Return the texts of a field that takes several, without empty ones: of a list, or of a text's lines.

        A template renders a list as its text: `['core', 'marts']` is read as that list.
        """
        value = self.values.get(field)
        if isinstance(value, str):
            value = _listed(value)
        texts = value if isinstance(value, list | tuple) else [] if value is None else [value]
        return tuple(text for text in (str(each).strip() for each in texts) if text)

    def choice(self, field: str, choices: Iterable[str], *, otherwise: str | None = None) -> str:
        """Return which of the choices is made, `otherwise` where the field is empty; refuse what is none of them."""
        known = [str(each) for each in choices]
        text = required(self.text(field) or otherwise, field, ", ".join(known))
        if text not in known:
            raise _refused("there is no such choice", field, text, ", ".join(known))
        return str(text)

    def number(self, field: str) -> Decimal | None:
        """Return a number; None: the field is empty."""
        text = self.text(field)
        try:
            number = None if text is None else Decimal(text)
        except InvalidOperation:
            raise _refused("not a number", field, text, "20") from None
        if number is not None and not number.is_finite():
            raise _refused("not a number", field, text, "20")
        return number

    def whole(self, field: str) -> int | None:
        """Return a whole number; None: the field is empty."""
        number = self.number(field)
        if number is not None and number != int(number):
            raise _refused("not a whole number", field, self.text(field), "24")
        return None if number is None else int(number)

    def positive(self, field: str) -> int | None:
        """Return a whole number of at least one; None: the field is empty."""
        number = self.whole(field)
        if number is not None and number < 1:
            raise _refused("not a number of at least one", field, self.text(field), "24")
        return number

    def moment(self, field: str) -> datetime | None:
        """Return a moment in UTC, which is meant where no zone is said; None: the field is empty."""
        text = self.text(field)
        if text is None:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise _refused("not a date with a time", field, text, "2026-11-20T08:00:00Z") from None
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

    def switch(self, field: str, *, otherwise: bool = False) -> bool:
        """Return whether a switch is on: a boolean, or the text of one; where the field is empty: `otherwise`."""
        value = self.values.get(field)
        text = self.text(field)
        if text is None:
            return otherwise
        if not isinstance(value, bool) and text.lower() not in {"true", "false"}:
            raise _refused("neither true nor false", field, value, "true")
        return text.lower() == "true"

    def only(self, choice: str, fields: Mapping[str, str]) -> None:
        """Refuse a filled field that belongs to another choice than the one made: it would be passed over in silence.

        `fields` says which choice each field belongs to.
        """
        for field, belongs in fields.items():
            if belongs != choice and self.lines(field):
                raise _refused(
                    f"this field is for {belongs!r}, and {choice!r} is chosen",
                    field,
                    self.values[field],
                    f"leave it empty, or choose {belongs!r}",
                )


def required(value: Value | None, field: str, good: str, *, choice: str = "") -> Value:
    """Return the value of a field that the task, or a choice made in it, cannot do without; refuse an empty one."""
    if value is None or value == ():
        why = f"{choice!r} needs this field" if choice else "this field is required"
        raise _refused(f"{why}, and it is empty", field, None, good)
    return value


def _listed(text: str) -> list[Any]:
    """Return the entries of a text: those of the list that it shows, or its lines."""
    if text == "None":
        return []
    if text.strip().startswith(("[", "(")):
        try:
            shown = literal_eval(text.strip())
        except (ValueError, SyntaxError):
            return text.splitlines()
        if isinstance(shown, list | tuple):
            return list(shown)
    return text.splitlines()


def _refused(message: str, field: str, value: object, good: str) -> SpecError:
    return SpecError(message, where=field, value=value, good=good, untouched="everything")
