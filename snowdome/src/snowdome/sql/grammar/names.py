"""Names as statements write them: one to three identifiers, already folded as Snowflake folds them."""

from __future__ import annotations

from dataclasses import dataclass

from snowdome.sql.grammar.tokens import quote_identifier


@dataclass(frozen=True, slots=True)
class Name:
    """A dotted name; `parts` hold what the identifiers mean, so `foo` is FOO and `"foo"` is foo."""

    parts: tuple[str, ...]

    @property
    def last(self) -> str:
        """The object's own name."""
        return self.parts[-1]

    @property
    def schema(self) -> str | None:
        """The schema of a table-like name, if written."""
        return self.parts[-2] if len(self.parts) > 1 else None

    @property
    def database(self) -> str | None:
        """The database of a table-like name, if written."""
        return self.parts[-3] if len(self.parts) > 2 else None  # noqa: PLR2004 (database.schema.name)

    @property
    def sql(self) -> str:
        """The name as SQL that reads back as itself."""
        return ".".join(quote_identifier(part) for part in self.parts)

    def __str__(self) -> str:
        return self.sql
