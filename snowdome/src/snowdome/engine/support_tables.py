"""What is served, as Markdown: statements by kind of object, their properties, privileges."""

from __future__ import annotations

from snowdome.engine import support
from snowdome.engine.dispatch import DISPATCH, Dispatch
from snowdome.engine.statements import STATEMENTS, Statements
from snowdome.objects import unsupported
from snowdome.objects.grants.privileges import PRIVILEGES

VERBS = ("CREATE", "ALTER", "DROP", "UNDROP", "SHOW")
YES, NO, EMPTY = "yes", "", "always empty"


def statements(read: Statements = STATEMENTS, dispatch: Dispatch = DISPATCH) -> str:
    """Which statement is there for which kind of object, and which kinds are refused altogether."""
    served: dict[str, dict[str, str]] = {}
    refused: set[str] = set()
    for row in support.rows(read):
        verb, _, kind = row.statement.partition(" ")
        if not kind:
            continue
        if row.supported == support.REFUSED:
            refused.add(kind)
        else:
            served.setdefault(kind, {})[verb] = YES
    empty = {kind for kind, handler in dispatch.shown.items() if handler is unsupported.SHOWN.get(kind)}
    for kind in dispatch.shown:
        if kind not in empty:
            served.setdefault(kind, {})["SHOW"] = YES
        elif kind in served:
            served[kind]["SHOW"] = EMPTY
    lines = [f"| | {' | '.join(VERBS)} |", f"|---|{'---|' * len(VERBS)}"]
    lines += [f"| {kind} | {' | '.join(of.get(verb, NO) for verb in VERBS)} |" for kind, of in sorted(served.items())]
    whole = ", ".join(sorted(row.statement for row in support.rows(read) if " " not in row.statement))
    nowhere = sorted(refused - set(served))
    return "\n\n".join(
        [
            "\n".join(lines),
            f"And {whole}. A blank is refused by name.",
            _folded(
                f"Kinds of objects that cannot be made here, and are refused by name ({len(nowhere)})",
                ", ".join(nowhere),
            ),
            f"SHOW of these is empty, because there are none: {', '.join(sorted(empty))}.",
        ]
    )


def properties() -> str:
    """The properties of each statement, those served and those refused by name."""
    folds = []
    for row in support.rows():
        if row.properties or row.refused:
            served = ", ".join(f"`{name}`" for name in row.properties) or "none"
            text = f"Served: {served}."
            if row.refused:
                text += "\n\nRefused by name: " + ", ".join(f"`{name}`" for name in row.refused) + "."
            counts = f"{len(row.properties)} served, {len(row.refused)} refused"
            folds.append(_folded(f"{row.statement}: {counts}", text))
    return "\n".join(folds)


def privileges() -> str:
    """The privileges there are on each kind of object."""
    return _folded(
        f"Privileges of {len(PRIVILEGES)} kinds of objects",
        "\n".join(
            ["| | |", "|---|---|", *(f"| {kind} | {', '.join(of)} |" for kind, of in sorted(PRIVILEGES.items()))]
        ),
    )


def _folded(title: str, text: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>"
