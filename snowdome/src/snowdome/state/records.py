"""What the account holds: one frozen record per object, tied together by ids that never change.

A name is a field like any other; nothing refers to a name. That is what makes SWAP, RENAME and UNDROP small.
Every field that is added needs a default, so that an account written earlier can still be read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

ACCOUNT_ID = 0
SNOWFLAKE = "SNOWFLAKE"
"""The database that every account is given, with what Snowflake shares of its use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """`privilege` on the record that carries this, given to the role or user with the id `to`."""

    privilege: str
    to: int
    option: bool = False
    by: int | None = None
    on: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FutureGrant:
    """`privilege` on every object of `kind` made later in the database or schema that carries this.

    An `inherited` one counts for every object of the kind, made earlier or later, without being put on it.
    """

    privilege: str
    kind: str
    to: int
    option: bool = False
    by: int | None = None
    on: datetime | None = None
    inherited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An object of the account: who owns it, what hangs on it, and when it came and went."""

    id: int
    name: str
    parent: int = ACCOUNT_ID
    owner: int | None = None
    comment: str = ""
    created_on: datetime
    altered_on: datetime | None = None
    dropped_on: datetime | None = None
    grants: tuple[Grant, ...] = ()
    future: tuple[FutureGrant, ...] = ()
    tags: dict[int, str] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)

    kind: ClassVar[str] = "OBJECT"
    """The word in SQL and in SHOW GRANTS."""
    space: ClassVar[str] = "OBJECT"
    """Records of one parent and one space cannot share a name."""
    home: ClassVar[str] = "SCHEMA"
    """What it stands in: SCHEMA, DATABASE or ACCOUNT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(Record):
    """The account itself: it carries account privileges and account parameters."""

    policies: dict[str, int] = field(default_factory=dict)
    """The session and network policy, by kind."""

    kind: ClassVar[str] = "ACCOUNT"
    space: ClassVar[str] = "ACCOUNT"
    home: ClassVar[str] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Database(Record):
    """A database: the parent of schemas."""

    transient: bool = False
    retention: int | None = None

    kind: ClassVar[str] = "DATABASE"
    space: ClassVar[str] = "DATABASE"
    home: ClassVar[str] = "ACCOUNT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema(Record):
    """A schema: the parent of tables, views and the like."""

    transient: bool = False
    managed: bool = False
    retention: int | None = None
    forgotten: datetime | None = None
    """Up to here tables or views that were replaced many times are not kept."""

    kind: ClassVar[str] = "SCHEMA"
    space: ClassVar[str] = "SCHEMA"
    home: ClassVar[str] = "DATABASE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column as clients see it; `type` is Snowflake's full type name."""

    name: str
    type: str
    nullable: bool = True
    default: str | None = None
    comment: str = ""
    autoincrement: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A declared key: Snowflake remembers it and does not enforce it."""

    kind: str
    columns: tuple[str, ...]
    name: str = ""
    refers_to: str = ""
    referred: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """A masking policy on a column: the policy's id, and the columns that stand for its arguments."""

    policy: int
    using: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """Rows that a table had until a moment, left where they were when the table was given rows of its own."""

    physical: str
    until: datetime
    turn: int
    columns: dict[str, str] = field(default_factory=dict)
    """The table's columns of today that were there then, and what they are called in `physical`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Record):
    """A table; its rows are in the DuckDB table `physical`, which clones share until one of them writes."""

    physical: str
    past: tuple[Version, ...] = ()
    """Earlier rows that are not in the journal of `physical`, the oldest first."""
    columns: tuple[Column, ...] = ()
    keys: tuple[Key, ...] = ()
    transient: bool = False
    temporary: bool = False
    retention: int | None = None
    kept_from: datetime | None = None
    """Its past before that is gone, whatever its retention is now."""
    cluster_by: str = ""
    last_ddl: datetime | None = None
    version: int = 0

    column_tags: dict[str, dict[int, str]] = field(default_factory=dict)
    """Tag values by column name and tag id."""
    masks: dict[str, Mask] = field(default_factory=dict)
    """Masking policies by column name."""
    hybrid: bool = False
    """Whether its primary key is enforced, and clones leave it out."""

    kind: ClassVar[str] = "TABLE"
    space: ClassVar[str] = "RELATION"

    @property
    def physicals(self) -> tuple[str, ...]:
        """Every anonymous table that the table's rows of today or earlier are in."""
        return (self.physical, *(version.physical for version in self.past))


@dataclass(frozen=True, slots=True, kw_only=True)
class View(Record):
    """A view; `text` is the statement as written and `query` the part after AS, also as written."""

    text: str
    query: str
    columns: tuple[Column, ...] = ()
    named: bool = False
    secure: bool = False
    temporary: bool = False
    last_ddl: datetime | None = None
    version: int = 0

    column_tags: dict[str, dict[int, str]] = field(default_factory=dict)
    """Tag values by column name and tag id."""
    masks: dict[str, Mask] = field(default_factory=dict)
    """Masking policies by column name."""

    kind: ClassVar[str] = "VIEW"
    space: ClassVar[str] = "RELATION"


Relation = Table | View


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence(Record):
    """A sequence; its state is in the DuckDB sequence `physical`."""

    physical: str
    start: int = 1
    increment: int = 1
    ordered: bool = False

    kind: ClassVar[str] = "SEQUENCE"
    space: ClassVar[str] = "SEQUENCE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage(Record):
    """A named internal stage; its files are in the folder `physical`."""

    physical: str
    temporary: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    """The file format's options for what is loaded from it."""

    kind: ClassVar[str] = "STAGE"
    space: ClassVar[str] = "STAGE"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFormat(Record):
    """A named file format: the options of COPY INTO under one name."""

    type: str = "CSV"
    options: dict[str, Any] = field(default_factory=dict)

    kind: ClassVar[str] = "FILE FORMAT"
    space: ClassVar[str] = "FILE FORMAT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Warehouse(Record):
    """A virtual warehouse: its settings by Snowflake's property names, and whether it runs."""

    settings: dict[str, Any] = field(default_factory=dict)
    state: str = "STARTED"
    resumed_on: datetime | None = None
    updated_on: datetime | None = None
    monitor: int | None = None
    watched_since: datetime | None = None
    """Since when the monitor counts what it uses."""

    kind: ClassVar[str] = "WAREHOUSE"
    space: ClassVar[str] = "WAREHOUSE"
    home: ClassVar[str] = "ACCOUNT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Role(Record):
    """An account role. Its grants (privilege USAGE) say which roles and users have it."""

    kind: ClassVar[str] = "ROLE"
    space: ClassVar[str] = "ROLE"
    home: ClassVar[str] = "ACCOUNT"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseRole(Record):
    """A role inside a database, its parent."""

    kind: ClassVar[str] = "DATABASE ROLE"
    space: ClassVar[str] = "DATABASE ROLE"
    home: ClassVar[str] = "DATABASE"


@dataclass(frozen=True, slots=True, kw_only=True)
class User(Record):
    """A user: how it may log in, and what a session of it starts with."""

    login_name: str = ""
    password_hash: str | None = None
    properties: dict[str, Any] = field(default_factory=dict)
    disabled: bool = False
    last_login: datetime | None = None
    policies: dict[str, int] = field(default_factory=dict)
    """The session and network policy, by kind."""

    kind: ClassVar[str] = "USER"
    space: ClassVar[str] = "USER"
    home: ClassVar[str] = "ACCOUNT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag(Record):
    """A tag, and the values it may take (none: any)."""

    allowed: tuple[str, ...] = ()
    propagate: str | None = None
    on_conflict: str | None = None
    policies: tuple[int, ...] = ()
    """The masking policies of the columns that bear it, one for each type."""

    kind: ClassVar[str] = "TAG"
    space: ClassVar[str] = "TAG"


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor(Record):
    """A resource monitor: quota, frequency and triggers by Snowflake's property names."""

    settings: dict[str, Any] = field(default_factory=dict)
    whole_since: datetime | None = None
    """Since when it counts the whole account, if it is the account's."""

    kind: ClassVar[str] = "RESOURCE MONITOR"
    space: ClassVar[str] = "RESOURCE MONITOR"
    home: ClassVar[str] = "ACCOUNT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy(Record):
    """What policies have in common: their properties by Snowflake's names."""

    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskingPolicy(Policy):
    """A masking policy: its arguments with their types, and the expression that is read instead of the column."""

    arguments: tuple[tuple[str, str], ...]
    returns: str
    body: str

    kind: ClassVar[str] = "MASKING POLICY"
    space: ClassVar[str] = "MASKING POLICY"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPolicy(Policy):
    """A session policy: how long sessions last, and which secondary roles they may use."""

    kind: ClassVar[str] = "SESSION POLICY"
    space: ClassVar[str] = "SESSION POLICY"


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkPolicy(Policy):
    """A network policy; its lists of rules hold the ids of rules."""

    kind: ClassVar[str] = "NETWORK POLICY"
    space: ClassVar[str] = "NETWORK POLICY"
    home: ClassVar[str] = "ACCOUNT"


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkRule(Policy):
    """A network rule: TYPE, MODE and VALUE_LIST."""

    kind: ClassVar[str] = "NETWORK RULE"
    space: ClassVar[str] = "NETWORK RULE"


RECORDS: tuple[type[Record], ...] = (
    Account,
    Database,
    Schema,
    Table,
    View,
    Sequence,
    Stage,
    FileFormat,
    Warehouse,
    Role,
    DatabaseRole,
    User,
    Tag,
    MaskingPolicy,
    SessionPolicy,
    NetworkPolicy,
    NetworkRule,
    Monitor,
)
