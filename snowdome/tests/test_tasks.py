"""Tasks: when they run, with whose rights, what follows what, and when they rest."""

from __future__ import annotations

from typing import Any

import pytest

UNSUPPORTED, MISSING, NOT_ALLOWED = 2, 2003, 3001
MINUTE, HOUR, DAY = 60, 3600, 86_400


@pytest.fixture
def pond(snowdome: Any, ask: Any) -> Any:
    """A session on a table that tasks write to."""
    session = snowdome.connect()
    ask(session, "create warehouse w", "create database pond", "create table seen (who varchar, at timestamp_ntz)")
    return session


def runs(session: Any, ask: Any, who: str) -> int:
    """How often the task of that name ran."""
    return int(ask(session, f"select count(*) as n from pond.public.seen where who = '{who}'")[0]["N"])


def wait_for(session: Any, ask: Any, task: str, state: str = "SUCCEEDED") -> list[dict[str, Any]]:
    """The runs of a task that are over: polled until there is one."""
    history = f"select * from table(information_schema.task_history(task_name => '{task}')) where state = '{state}'"
    for _ in range(200):
        if found := ask(session, history):
            return list(found)
    raise AssertionError(f"task {task} never came to {state}")


def write(who: str) -> str:
    """The statement of a task."""
    return f"insert into seen select '{who}', current_timestamp()::timestamp_ntz"


def test_a_task_runs_at_each_of_its_moments(snowdome: Any, pond: Any, ask: Any) -> None:
    """A new task rests; resumed, it runs in each interval from then on, at its moment; suspended, no more."""
    ask(pond, f"create task tick warehouse = w schedule = '10 MINUTES' as {write('tick')}")
    snowdome.clock(advance_seconds=HOUR)
    assert runs(pond, ask, "tick") == 0
    ask(pond, "alter task tick resume")
    snowdome.clock(advance_seconds=HOUR + 5)
    assert runs(pond, ask, "tick") == 6
    between = ask(pond, "select datediff('minute', min(at), max(at)) as n from seen")
    assert between == [{"N": 50}]
    ask(pond, "alter task tick suspend")
    snowdome.clock(advance_seconds=HOUR)
    assert runs(pond, ask, "tick") == 6
    shown = ask(pond, "show tasks")[0]
    assert (shown["state"], shown["schedule"], shown["warehouse"]) == ("suspended", "10 MINUTES", "W")
    assert shown["last_suspended_reason"] == "USER_SUSPENDED"
    history = ask(pond, "select * from table(information_schema.task_history(task_name => 'tick')) order by 1")
    assert len(history) == 6
    assert {row["STATE"] for row in history} == {"SUCCEEDED"}


def test_a_task_of_cron(snowdome: Any, pond: Any, ask: Any, refused: Any) -> None:
    """A cron schedule means moments of its zone; a wrong one is refused."""
    snowdome.clock(now="2027-03-01T00:00:00+00:00")
    ask(
        pond,
        f"create task daily warehouse = w schedule = 'USING CRON 30 7 * * MON-FRI Europe/Berlin' as {write('daily')}",
        "alter task daily resume",
    )
    snowdome.clock(now="2027-03-08T00:00:00+00:00")
    found = ask(pond, "select to_varchar(at, 'DY HH24:MI') as t from seen order by at")
    assert [row["T"] for row in found] == ["Mon 06:30", "Tue 06:30", "Wed 06:30", "Thu 06:30", "Fri 06:30"]
    for wrong in ("USING CRON 61 * * * * UTC", "USING CRON * * * * UTC", "USING CRON 1 * * * * Nowhere", "5 YEARS"):
        assert refused(pond, f"create task bad warehouse = w schedule = '{wrong}' as select 1") == 1008


def test_a_graph_runs_in_order(snowdome: Any, pond: Any, ask: Any, refused: Any) -> None:
    """Tasks run after those they follow, if they are resumed; the graph is changed only while its root rests."""
    ask(
        pond,
        f"create task root warehouse = w schedule = '1 HOUR' as {write('root')}",
        "create task leaf warehouse = w after root as insert into seen select 'leaf of ' || max(who), null from seen",
        f"create task idle warehouse = w after root as {write('idle')}",
        "alter task leaf resume",
        "alter task root resume",
    )
    snowdome.clock(advance_seconds=HOUR + 1)
    assert [runs(pond, ask, one) for one in ("root", "leaf of root", "idle")] == [1, 1, 0]
    assert refused(pond, "alter task leaf set comment = 'x'") == 91_092
    assert refused(pond, "create task late warehouse = w after root as select 1") == 91_092
    ask(pond, "alter task root suspend", "alter task leaf set comment = 'x'", "alter task leaf remove after root")
    shown = {row["name"]: row for row in ask(pond, "show tasks")}
    assert shown["IDLE"]["predecessors"] == '["POND.PUBLIC.ROOT"]'
    assert shown["LEAF"]["predecessors"] == "[]"
    ask(pond, "drop task root")
    assert [row["predecessors"] for row in ask(pond, "show tasks like 'idle'")] == ["[]"]


def test_a_run_at_once_and_its_failures(snowdome: Any, pond: Any, ask: Any) -> None:
    """EXECUTE TASK runs also a task at rest; one that fails too often in a row is suspended."""
    ask(pond, f"create task once warehouse = w as {write('once')}", "execute task once")
    wait_for(pond, ask, "once")
    assert runs(pond, ask, "once") == 1
    ask(
        pond,
        "create task broken warehouse = w schedule = '1 MINUTE' suspend_task_after_num_failures = 3 as "
        "insert into nowhere select 1",
        "alter task broken resume",
    )
    snowdome.clock(advance_seconds=HOUR)
    failed = wait_for(pond, ask, "broken", "FAILED")
    assert len(failed) == 3
    assert failed[0]["ERROR_CODE"] == "002003"
    shown = ask(pond, "show tasks like 'broken'")[0]
    assert (shown["state"], shown["last_suspended_reason"]) == ("suspended", "SUSPENDED_DUE_TO_ERRORS")


def test_a_task_waits_for_its_stream(snowdome: Any, pond: Any, ask: Any) -> None:
    """A task whose condition is a stream's data is skipped while there is none, and consumes what there is."""
    ask(
        pond,
        "create table source (x int)",
        "create stream news on table source",
        "create task drain warehouse = w schedule = '1 MINUTE' when system$stream_has_data('news') as "
        "insert into seen select 'news ' || x, null from news",
        "alter task drain resume",
    )
    snowdome.clock(advance_seconds=3 * MINUTE)
    assert ask(pond, "select count(*) as n from seen") == [{"N": 0}]
    ask(pond, "insert into source values (7)")
    snowdome.clock(advance_seconds=3 * MINUTE)
    assert ask(pond, "select who from seen") == [{"WHO": "news 7"}]


def test_a_task_has_its_owners_rights(snowdome: Any, pond: Any, ask: Any, refused: Any) -> None:
    """Who owns a task must be allowed to execute tasks; a run may do what the owner may, and no more."""
    ask(
        pond,
        "create role fisher",
        "grant usage on database pond to role fisher",
        "grant all on schema pond.public to role fisher",
        "grant usage on warehouse w to role fisher",
        "create user ann password = 'p' default_role = fisher default_warehouse = w",
        "grant role fisher to user ann",
    )
    ann = snowdome.connect(user="ANN", password="p", database="POND", schema="PUBLIC")
    ask(ann, f"create task mine warehouse = w as {write('mine')}")
    assert refused(ann, "execute task mine") == 91_089
    ask(pond, "grant execute task on account to role fisher")
    ask(ann, "execute task mine")
    assert wait_for(ann, ask, "mine", "FAILED")[0]["ERROR_CODE"] == "002003"
    ask(pond, "grant insert, select on table seen to role fisher")
    ask(ann, "execute task mine")
    wait_for(ann, ask, "mine")
    assert runs(pond, ask, "mine") == 1
    ask(pond, "create role guard", "grant usage on database pond to role guard")
    ask(pond, "grant usage on schema pond.public to role guard", "grant operate on task mine to role guard")
    ask(pond, "create user bob password = 'p' default_role = guard", "grant role guard to user bob")
    bob = snowdome.connect(user="BOB", password="p", database="POND", schema="PUBLIC")
    ask(bob, "alter task mine resume", "alter task mine suspend")
    assert refused(bob, "alter task mine set comment = 'x'") == NOT_ALLOWED
    ask(bob, "alter task mine resume")
    ask(pond, "grant ownership on task mine to role accountadmin revoke current grants")
    shown = ask(pond, "show tasks like 'mine'")[0]
    assert (shown["state"], shown["last_suspended_reason"]) == ("suspended", "GRANT_OWNERSHIP")
    assert refused(pond, "create task bare schedule = '1 HOUR' as select 1") == 0
    assert refused(pond, "alter task bare resume") == UNSUPPORTED


def test_tasks_in_clones_rest(snowdome: Any, pond: Any, ask: Any) -> None:
    """A clone's tasks are suspended and follow each other; the source's go on, also after a swap of names."""
    ask(
        pond,
        f"create task root warehouse = w schedule = '1 HOUR' as {write('root')}",
        "create task leaf warehouse = w after root as select 1",
        "alter task root resume",
        "create database mirror clone pond",
    )
    found = {row["name"]: row for row in ask(pond, "show tasks in database mirror")}
    assert {row["state"] for row in found.values()} == {"suspended"}
    assert found["LEAF"]["predecessors"] == '["MIRROR.PUBLIC.ROOT"]'
    ask(pond, "alter database pond swap with mirror", "create database older clone mirror at (offset => 0)")
    assert ask(pond, "show tasks in database older") == []
    snowdome.clock(advance_seconds=HOUR + 1)
    assert ask(pond, "select count(*) as n from mirror.public.seen") == [{"N": 1}]
    assert ask(pond, "select count(*) as n from pond.public.seen") == [{"N": 0}]
    assert [row["state"] for row in ask(pond, "show tasks like 'root' in database mirror")] == ["started"]


def test_tasks_survive_a_restart(snowdome_on_disk: Any, ask: Any) -> None:
    """After `kill -9` a resumed task runs on."""
    session = snowdome_on_disk.connect()
    ask(session, "create warehouse w", "create database pond", "create table seen (who varchar, at timestamp_ntz)")
    ask(session, f"create task tick warehouse = w schedule = '10 MINUTES' as {write('tick')}")
    ask(session, "alter task tick resume")
    snowdome_on_disk.clock(advance_seconds=15 * MINUTE)
    snowdome_on_disk.disconnect()
    snowdome_on_disk.kill()
    snowdome_on_disk.start()
    session = snowdome_on_disk.connect(warehouse="W", database="POND", schema="PUBLIC")
    assert runs(session, ask, "tick") == 1
    snowdome_on_disk.clock(advance_seconds=10 * MINUTE)
    assert runs(session, ask, "tick") == 2
