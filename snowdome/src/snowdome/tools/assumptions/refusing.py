"""The numbers and SQL states of refusals: guessed where no page and no other project's test says them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from snowdome.tools.assumptions.client import ProbeClient
from snowdome.tools.assumptions.experiment import Experiment

TOPIC = "Numbers of refusals"
# key, what is refused, number and state, statements before, the statement; {d} a database, {r} and {o} roles,
# {n} a name that nothing bears
CASES: tuple[tuple[str, str, str, tuple[str, ...], str], ...] = (
    ("or-replace-if-not-exists", "OR REPLACE together with IF NOT EXISTS", "001053 (42601)", (),
     "create or replace role if not exists {n}"),
    ("unknown-property", "a property that the kind of object does not have", "001420 (22023)", (),
     "create warehouse {n} swim = 1"),
    ("duplicate-property", "a property given twice", "001425 (22023)", (),
     "create warehouse {n} auto_suspend = 60 auto_suspend = 30"),
    ("wrong-value", "a value that a property does not take", "001008 (22023)", (),
     "create warehouse {n} warehouse_size = 'HUGE'"),
    ("clusters", "MIN_CLUSTER_COUNT above MAX_CLUSTER_COUNT", "001008 (22023)", (),
     "create warehouse {n} min_cluster_count = 3 max_cluster_count = 2"),
    ("retention", "more days of retention than there can be", "001008 (22023)", (),
     "alter database {d} set data_retention_time_in_days = 91"),
    ("syntax", "a text that is no statement", "001003 (42000)", (), "create or create table {n} (x int)"),
    ("no-such-table", "a table that is not there", "002003 (42S02)", (), "select * from {d}.public.nothing"),
    ("no-such-database", "a database that is not there", "002003 (02000)", (), "drop database {n}"),
    ("no-such-role", "a role that is not there", "002003 (02000)", (), "grant role {n} to role {r}"),
    ("no-such-user", "a user that is not there", "002003 (02000)", (), "grant role {r} to user {n}"),
    ("use-nothing", "USE of a database that is not there", "002043 (02000)", (), "use database {n}"),
    ("taken", "a name that is taken", "002002 (42710)", ("create table {d}.public.t (x int)",),
     "create table {d}.public.t (x int)"),
    ("taken-database", "a database's name that is taken", "002002 (42710)", (), "create database {d}"),
    ("view-is-no-table", "DROP TABLE of a view", "002203 (42601)", ("create view {d}.public.v as select 1 as x",),
     "drop table {d}.public.v"),
    ("no-such-column", "a column that is not there", "000904 (42000)", ("create table {d}.public.t (x int)",),
     "select nothing from {d}.public.t"),
    ("same-column", "ADD COLUMN of a name that is there", "001430 (42601)", ("create table {d}.public.t (x int)",),
     "alter table {d}.public.t add column x int"),
    ("division", "division by zero", "100051 (22012)", ("create table {d}.public.t as select 0 as x",),
     "select 1 / x from {d}.public.t"),
    ("purged", "UNDROP of what was never there", "002003 (02000)", (), "undrop table {d}.public.nothing"),
    ("undrop-taken", "UNDROP of a name that is taken", "002002 (42710)",
     ("create table {d}.public.t (x int)", "drop table {d}.public.t", "create table {d}.public.t (x int)"),
     "undrop table {d}.public.t"),
    ("time-before", "AT a time before the table was made", "000707 (02000)", ("create table {d}.public.t (x int)",),
     "select * from {d}.public.t at (offset => -864000)"),
    ("role-cycle", "a cycle of roles", "003051 (42501)", ("grant role {r} to role {o}",), "grant role {o} to role {r}"),
    ("no-such-privilege", "a privilege that the kind of object does not have", "003008 (42501)", (),
     "grant operate on database {d} to role {r}"),
    ("revoke-ownership", "REVOKE OWNERSHIP", "003008 (42501)", (), "revoke ownership on database {d} from role {r}"),
    ("dependent-grant", "GRANT OWNERSHIP where grants hang on the object", "003036 (42501)",
     ("grant usage on database {d} to role {r}",), "grant ownership on database {d} to role {o}"),
    ("second-future-owner", "a second future owner of the same kind", "003038 (42501)",
     ("grant ownership on future tables in database {d} to role {r}",),
     "grant ownership on future tables in database {d} to role {o}"),
    ("system-role", "DROP of a role of the system", "003001 (42501)", (), "drop role sysadmin"),
    ("tag-value", "a tag value that is not allowed", "394504 (22023)",
     ("create tag {d}.public.k allowed_values 'a'",), "alter database {d} set tag {d}.public.k = 'b'"),
    ("hybrid-key", "a hybrid table without a primary key", "200009 (22023)", (),
     "create hybrid table {d}.public.h (x int)"),
    ("service-password", "a password for a user of TYPE SERVICE", "003659 (42601)", (),
     "create user {n} type = service password = 'Not-used-1234567'"),
    ("wrong-key", "a public key that is none", "390163 (42601)", (), "create user {n} rsa_public_key = 'none'"),
    ("swap-temporary", "SWAP of a temporary with a permanent table", "001008 (22023)",
     ("create table {d}.public.t (x int)", "create temporary table {d}.public.u (x int)"),
     "alter table {d}.public.t swap with {d}.public.u"),
    ("mask-type", "a masking policy that returns another type", "003507 (42601)", (),
     "create masking policy {d}.public.p as (v int) returns varchar -> 'x'"),
    ("mask-twice", "a second masking policy on a column", "003529 (42601)",
     ("create table {d}.public.t (x int)", "create masking policy {d}.public.p as (v int) returns int -> v",
      "create masking policy {d}.public.q as (v int) returns int -> v",
      "alter table {d}.public.t modify column x set masking policy {d}.public.p"),
     "alter table {d}.public.t modify column x set masking policy {d}.public.q"),
    ("mask-in-use", "DROP of a masking policy that is in use", "003531 (42601)",
     ("create table {d}.public.t (x int)", "create masking policy {d}.public.p as (v int) returns int -> v",
      "alter table {d}.public.t modify column x set masking policy {d}.public.p"),
     "drop masking policy {d}.public.p"),
    ("missing-property", "a property that must be there and is not", "001421 (42601)", (),
     "create network rule {d}.public.n value_list = ('10.0.0.1') mode = ingress"),
    ("pipe-statement", "a pipe of something else than COPY INTO", "090062 (42601)", (),
     "create pipe {d}.public.p as select 1"),
    ("task-schedule", "a schedule that is none", "001008 (22023)", (),
     "create task {d}.public.k schedule = 'now' as select 1"),
    ("unknown-function", "a function that is not there", "002140 (42601)", (), "select no_such_function(1)"),
    ("too-few-values", "an INSERT of too few values", "002020 (21S01)", ("create table {d}.public.t (x int, y int)",),
     "insert into {d}.public.t values (1)"),
    ("null-value", "NULL for a column that takes none", "100072 (22000)",
     ("create table {d}.public.t (x int not null)",), "insert into {d}.public.t values (null)"),
    ("no-number", "a text that is no number", "100038 (22018)", (), "select 'a'::int"),
    ("too-long", "a text that is too long for its column", "100078 (22000)",
     ("create table {d}.public.t (x varchar(3))",), "insert into {d}.public.t values ('abcd')"),
    ("uncast-time", "AT with a time that is not cast", "000707 (02000)", ("create table {d}.public.t (x int)",),
     "select * from {d}.public.t at (timestamp => '2026-01-01')"),
    ("no-such-sequence", "NEXTVAL of a sequence that is not there", "000904 (42000)", (),
     "select {d}.public.nothing.nextval"),
)  # fmt: skip


def refusal(before: tuple[str, ...], statement: str, client: ProbeClient) -> str:
    """The number and state of the refusal."""
    text = " ".join((*before, statement))
    makers: dict[str, Callable[[], str]] = {
        "d": client.database,
        "r": client.new_role,
        "o": client.new_role,
        "n": client.name,
    }
    names = {letter: make() for letter, make in makers.items() if "{" + letter + "}" in text}
    client.do(*(one.format(**names) for one in before))
    return client.refusal(statement.format(**names))


EXPERIMENTS: tuple[Experiment, ...] = tuple(
    Experiment(f"refusal-{key}", TOPIC, "#", f"Refused: {what}.", expected, partial(refusal, before, statement))
    for key, what, expected, before, statement in CASES
)
