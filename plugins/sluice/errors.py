"""What can go wrong, split by what the caller does next.

One base class; its facts are attributes, so that the face, the command line and the journal can show them
without parsing a sentence.
"""

from __future__ import annotations


class SluiceError(Exception):
    """Something was refused or failed, and the message says what, where, and what was left untouched."""

    advice = "read the message"

    def __init__(
        self,
        message: str,
        *,
        where: str | None = None,
        value: object = None,
        good: str | None = None,
        untouched: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.value = value
        self.good = good
        self.untouched = untouched

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.message}" if self.where else self.message]
        if self.value is not None:
            lines.append(f"  found: {self.value!r}")
        if self.good is not None:
            lines.append(f"  expected, for example: {self.good}")
        if self.untouched is not None:
            lines.append(f"  untouched: {self.untouched}")
        return "\n".join(lines)


class SpecError(SluiceError):
    """The input is wrong: fix the file or the parameter, then run again. Nothing was changed."""

    advice = "fix the input and run again"


class RetryError(SluiceError):
    """The world was busy or the line was cut: the same call may succeed later.

    `lost` is true when the statement may have taken effect and only its answer is missing: observe before repeating.
    """

    advice = "run again; it goes on from where it stopped"

    def __init__(self, message: str, *, lost: bool = False, **facts: str | None) -> None:
        super().__init__(message, **facts)
        self.lost = lost


class RefusedError(SluiceError):
    """A gate, a lock, a limit or a privilege said no. Live is as it was."""

    advice = "read the evidence; change the release, the policy or the grant"


class StopError(SluiceError):
    """The account is not as recorded: nothing was changed, and a person has to look before anyone goes on."""

    advice = "stop and look: compare the named objects with the journal"
