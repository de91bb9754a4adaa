"""Snowflake's errors, by number and SQL state, as its clients know them."""

from __future__ import annotations


class SqlError(Exception):
    """A statement was refused, with the number, the SQL state and the words that Snowflake would use."""

    def __init__(self, errno: int, sqlstate: str, message: str) -> None:
        super().__init__(message)
        self.errno = errno
        self.sqlstate = sqlstate
        self.message = message


def syntax_error(message: str) -> SqlError:
    """001003: the text is not a statement."""
    return SqlError(1003, "42000", f"SQL compilation error:\n{message}")


def unsupported(what: str) -> SqlError:
    """000002: Snowflake may know this, the account here does not, and says so by name."""
    return SqlError(2, "0A000", f"unsupported by snowdome: {what}")


def invalid(message: str, errno: int = 1008, sqlstate: str = "22023") -> SqlError:
    """001008 by default: a value or a combination that is not allowed."""
    return SqlError(errno, sqlstate, f"SQL compilation error:\n{message}")


def already_exists(name: str) -> SqlError:
    """002002: the name is taken."""
    return SqlError(2002, "42710", f"SQL compilation error:\nObject '{name}' already exists.")


def not_found(kind: str, name: str) -> SqlError:
    """002003: no such object, or none that this role may see: Snowflake does not tell which."""
    state = "42S02" if kind in {"Object", "Table", "View"} else "02000"
    return SqlError(2003, state, f"SQL compilation error:\n{kind} '{name}' does not exist or not authorized.")


def insufficient_privileges(kind: str, name: str) -> SqlError:
    """003001: the object is visible, the act is not allowed."""
    return SqlError(
        3001, "42501", f"SQL access control error:\nInsufficient privileges to operate on {kind.lower()} '{name}'"
    )


def no_database(verb: str) -> SqlError:
    """090105: a name without a database in a session without one."""
    return SqlError(
        90105,
        "22000",
        f"Cannot perform {verb}. This session does not have a current database. "
        "Call 'USE DATABASE', or use a qualified name.",
    )


def no_schema(verb: str) -> SqlError:
    """090106: a name without a schema in a session without one."""
    return SqlError(
        90106,
        "22000",
        f"Cannot perform {verb}. This session does not have a current schema. "
        "Call 'USE SCHEMA', or use a qualified name.",
    )


def no_warehouse() -> SqlError:
    """000606: the statement computes and the session has no warehouse that runs or may resume."""
    return SqlError(
        606,
        "57P03",
        "No active warehouse selected in the current session.  Select an active warehouse with the "
        "'use warehouse' command.",
    )


def invalid_identifier(name: str) -> SqlError:
    """000904: a column or name that the statement cannot mean."""
    return SqlError(904, "42000", f"SQL compilation error:\ninvalid identifier '{name}'")


def several_statements(found: int) -> SqlError:
    """000008: the text is not the one statement that the client has announced."""
    return SqlError(8, "0A000", f"Actual statement count {found} did not match the desired statement count 1.")
