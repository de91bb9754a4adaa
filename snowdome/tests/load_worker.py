"""One process of the load test: several sessions through the connector, each doing a mix of statements.

`python load_worker.py PORT PROCESS SESSIONS` reads numbers of statements from standard input; after each it has
carried out as many, and prints what was acknowledged and what was seen so far, as a line of JSON.
"""

from __future__ import annotations

import json
import random
import sys
import threading
from dataclasses import asdict, dataclass, field
from typing import Any

import snowflake.connector

TOTAL = 2_000
"""What all accounts hold together, however it is moved."""
GENERATIONS = "select (select max(g) from live.public.one), (select max(g) from live.public.two), count(*) from "
MOVED = "select (select sum(amount) from steady.public.left_book) + (select sum(amount) from steady.public.right_book)"


@dataclass(slots=True)
class Seen:
    """What a session was answered: rows that were acknowledged, and answers that cannot be true."""

    statements: int = 0
    journal: int = 0
    events: int = 0
    counted: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


class Client:
    """A session that works."""

    def __init__(self, port: int, number: int) -> None:
        self.number = number
        self.seen = Seen()
        self._random = random.Random(number)  # noqa: S311 (a mix of statements, the same in every run)
        self._connection = snowflake.connector.connect(
            account="snowdome",
            user="ADMIN",
            password="snowdome",
            host="127.0.0.1",
            port=port,
            protocol="http",
            database="STEADY",
            schema="PUBLIC",
            warehouse="WH",
        )
        self._cursor = self._connection.cursor()

    def work(self, statements: int) -> None:
        """At least as many more statements have been carried out."""
        until = self.seen.statements + statements
        kinds = [self.note, self.event, self.count, self.move, self.books, self.generation, self.scratch]
        kinds += [self.mine, self.copy, self.merge, self.many, self.look, self.later, self.point]
        weights = [8, 6, 4, 3, 6, 8, 1, 1, 1, 1, 2, 3, 1, 12]
        try:
            while self.seen.statements < until:
                kind = self._random.choices(kinds, weights)[0]
                self.seen.kinds[kind.__name__] = self.seen.kinds.get(kind.__name__, 0) + 1
                kind()
        except snowflake.connector.errors.Error as problem:
            self.seen.wrong.append(f"{kind.__name__}: {problem}")

    def run(self, sql: str, *values: Any) -> list[Any]:
        """The rows of the statement."""
        self.seen.statements += 1
        self._cursor.execute(sql, values or None)
        return list(self._cursor.fetchall())

    def expect(self, what: str, found: object, wanted: object) -> None:
        """The answer is the one that it must be, or it is remembered as wrong."""
        if found != wanted:
            self.seen.wrong.append(f"{what}: {found!r}, not {wanted!r}")

    # -- kinds of statements ------------------------------------------------------------------------------------
    def note(self) -> None:
        """A row of its own in a table that everybody writes to."""
        self.run("insert into journal values (%s, %s)", self.number, self.seen.journal)
        self.seen.journal += 1

    def many(self) -> None:
        """Several rows by one statement."""
        rows = [(self.number, self.seen.journal + i) for i in range(5)]
        self.seen.statements += 1
        self._cursor.executemany("insert into journal values (%s, %s)", rows)
        self.seen.journal += len(rows)

    def event(self) -> None:
        """A row in a database that is exchanged with another meanwhile."""
        self.run("insert into east.public.events values (%s, %s)", self.number, self.seen.events)
        self.seen.events += 1

    def count(self) -> None:
        """An update that waits for those of others."""
        self.run("update counter set n = n + 1 where id = %s", self.number % 4)
        self.seen.counted += 1

    def move(self) -> None:
        """An amount taken from one book and put into the other, in a transaction."""
        amount = self._random.randint(1, 9)
        self.run("begin")
        self.run("update left_book set amount = amount - %s where id = %s", amount, self.number % 10)
        self.run("update right_book set amount = amount + %s where id = %s", amount, self.number % 10)
        self.run("commit")

    def books(self) -> None:
        """What both books hold does not change."""
        self.expect("books", self.run(MOVED), [(TOTAL,)])

    def generation(self) -> None:
        """Two tables of one database are of one generation, read by name, by view and by a join."""
        source = self._random.choice(["live.public.both", "live.public.one", "reader.public.absolute"])
        [(one, two, _)] = self.run(GENERATIONS + source)
        self.expect("generation", one, two)
        [(different,)] = self.run("select count(*) from live.public.both where first <> second")
        self.expect("rows of two generations", different, 0)

    def scratch(self) -> None:
        """A table of its own is made, changed, dropped, brought back and dropped."""
        name = f"scratch_{self.number}"
        self.run(f"create or replace transient table {name} as select 1 as id union all select 2")
        self.run(f"delete from {name} where id = 1")
        self.run(f"alter table {name} add column note varchar")
        self.run(f"drop table {name}")
        self.run(f"undrop table {name}")
        self.expect("scratch", self.run(f"select * from {name}"), [(2, None)])

    def mine(self) -> None:
        """A temporary table is this session's alone, though all use its name."""
        self.run("create or replace temporary table mine (id int)")
        self.run("insert into mine values (%s)", self.number)
        self.expect("temporary", self.run("select id from mine"), [(self.number,)])
        self.run("drop table mine")

    def copy(self) -> None:
        """A clone that is written to leaves the original as it is."""
        name = f"copy_{self.number}"
        self.run(f"create or replace table {name} clone still")
        self.run(f"insert into {name} values (-1)")
        self.expect("clone", self.run(f"select (select sum(id) from still), (select sum(id) from {name})"), [(45, 44)])

    def merge(self) -> None:
        """A merge adds what is not there and changes what is."""
        sql = "merge into merged t using (select %s as id) s on t.id = s.id "
        sql += "when matched then update set n = t.n + 1 when not matched then insert (id, n) values (s.id, 1)"
        self.run(sql, self.number)

    def look(self) -> None:
        """Questions to the catalog."""
        self.run(self._random.choice(["show tables", "show databases", "show warehouses", "select current_role()"]))
        sql = "select count(*) from live.information_schema.tables where table_name in ('ONE', 'TWO')"
        self.expect("tables", self.run(sql), [(2,)])

    def later(self) -> None:
        """An asynchronous query, asked for until it is there."""
        self.seen.statements += 1
        self._cursor.execute_async("select sum(id) from still")
        self._cursor.get_results_from_sfqid(str(self._cursor.sfqid))
        self.expect("later", self._cursor.fetchall(), [(45,)])

    def point(self) -> None:
        """One row by its key."""
        key = self._random.randint(0, 9)
        self.expect("point", self.run("select id from still where id = %s", key), [(key,)])


def main() -> None:
    """The sessions have worked for as long as they were asked to."""
    port, process, sessions = (int(argument) for argument in sys.argv[1:])
    clients = [Client(port, process * sessions + i) for i in range(sessions)]
    for line in sys.stdin:
        threads = [threading.Thread(target=client.work, args=(int(line),)) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        said = {client.number: asdict(client.seen) for client in clients}
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
