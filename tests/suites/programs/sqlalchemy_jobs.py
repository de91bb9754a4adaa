"""What SQLAlchemy and pandas do through Snowflake's dialect: `sqlalchemy_jobs.py PORT` prints what each job found."""

from __future__ import annotations

import datetime as dt
import json
import sys
from decimal import Decimal
from typing import Any

import pandas as pd
import sqlalchemy as sa
from snowflake.connector.pandas_tools import pd_writer
from snowflake.sqlalchemy import TIMESTAMP_LTZ, TIMESTAMP_NTZ, TIMESTAMP_TZ, URL, VARIANT, MergeInto, SnowflakeTable
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

SCHEMA = {"database": "LIBRARY", "schema": "LENDING", "warehouse": "DESK"}


class Base(DeclarativeBase):
    """The tables of a small library."""


class Reader(Base):
    """Someone who borrows; Snowflake's dialect numbers rows by a sequence, as its documentation says."""

    __tablename__ = "reader"
    id: Mapped[int] = mapped_column(sa.Integer, sa.Sequence("reader_seq"), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(50))
    loans: Mapped[list[Loan]] = relationship(back_populates="reader")


class Loan(Base):
    """A book that is out, or was."""

    __tablename__ = "loan"
    id: Mapped[int] = mapped_column(sa.Integer, sa.Sequence("loan_seq"), primary_key=True)
    reader_id: Mapped[int] = mapped_column(sa.ForeignKey("reader.id"))
    lent_at: Mapped[dt.datetime]
    fee: Mapped[Decimal] = mapped_column(sa.Numeric(10, 2))
    returned: Mapped[bool]
    note: Mapped[str | None]
    reader: Mapped[Reader] = relationship(back_populates="loans")


def engine(port: int, **where: str) -> sa.Engine:
    """The account on that port; plain HTTP is not for the URL, the dialect says, but for `connect_args`."""
    url = URL(account="snowdome", user="ADMIN", password="snowdome", host="127.0.0.1", port=port, **where)
    return sa.create_engine(url, connect_args={"protocol": "http"})


def prepare(port: int) -> None:
    """The database and the warehouse are there."""
    made = engine(port)
    with made.connect() as connection:
        for statement in ("create warehouse DESK", "create database LIBRARY", "create schema LIBRARY.LENDING"):
            connection.execute(sa.text(statement))
    made.dispose()


def objects(library: sa.Engine) -> dict[str, Any]:
    """Rows written and read, changed and rolled back as objects."""
    Base.metadata.create_all(library)
    Base.metadata.create_all(library)  # finds everything there
    with Session(library) as session:
        loans = [
            Loan(lent_at=dt.datetime(2026, 1, 2, 3, 4, 5), fee=Decimal("1.50"), returned=True),  # noqa: DTZ001
            Loan(lent_at=dt.datetime(2026, 1, 3), fee=Decimal(2), returned=False, note="late"),  # noqa: DTZ001
        ]
        session.add_all([Reader(name="Ann", loans=loans), Reader(name="Bob")])
        session.commit()
        late = session.scalars(sa.select(Loan).where(Loan.returned.is_(False))).one()
        late.fee += Decimal("0.25")
        session.commit()
        session.delete(late)
        session.rollback()
        fees = (
            sa.select(Reader.name, sa.func.count(Loan.id), sa.func.sum(Loan.fee))
            .outerjoin(Loan)
            .group_by(Reader.name)
            .order_by(Reader.name)
        )
        found = session.scalars(sa.select(Loan).order_by(Loan.id)).all()
        return {
            "loans": [[loan.id, loan.reader.name, loan.lent_at, loan.fee, loan.returned, loan.note] for loan in found],
            "fees": [list(row) for row in session.execute(fees)],
        }


def reflection(library: sa.Engine) -> dict[str, Any]:
    """What the inspector says, and the tables made from it."""
    inspector, mirror = sa.inspect(library), sa.MetaData()
    mirror.reflect(library)
    return {
        "schemas": sorted(inspector.get_schema_names()),
        "tables": sorted(inspector.get_table_names()),
        "sequences": sorted(inspector.get_sequence_names()),
        "primary_key": inspector.get_pk_constraint("loan")["constrained_columns"],
        "indexes": inspector.get_indexes("loan"),
        "there": [inspector.has_table("loan"), inspector.has_table("nothing"), inspector.has_sequence("loan_seq")],
        "columns": [[c.name, str(c.type), c.nullable] for c in mirror.tables["loan"].columns],
        "refers_to": [key.target_fullname for key in mirror.tables["loan"].foreign_keys],
    }


def merge(library: sa.Engine) -> dict[str, Any]:
    """The dialect's own clustered table, types and MERGE."""
    made = sa.MetaData()
    shelf = SnowflakeTable(
        "shelf", made, sa.Column("id", sa.Integer), sa.Column("day", sa.Date), sa.Column("name", sa.String),
        cluster_by=["day"],
    )  # fmt: skip
    new = sa.Table("shelf_new", made, *(sa.Column(column.name, column.type) for column in shelf.columns))
    sa.Table(
        "kinds", made, sa.Column("v", VARIANT), sa.Column("z", TIMESTAMP_TZ), sa.Column("l", TIMESTAMP_LTZ),
        sa.Column("n", TIMESTAMP_NTZ), sa.Column("b", sa.LargeBinary), sa.Column("f", sa.Float), comment="of columns",
    )  # fmt: skip
    made.create_all(library)
    day = dt.date(2026, 1, 1)
    with library.begin() as connection:
        connection.execute(shelf.insert(), [{"id": 1, "day": day, "name": "a"}, {"id": 2, "day": day, "name": "b"}])
        connection.execute(new.insert(), [{"id": 2, "day": day, "name": "B"}, {"id": 3, "day": day, "name": "c"}])
        statement = MergeInto(target=shelf, source=new, on=shelf.c.id == new.c.id)
        statement.when_matched_then_update().values(name=new.c.name)
        statement.when_not_matched_then_insert().values(id=new.c.id, day=new.c.day, name=new.c.name)
        changed = connection.execute(statement).rowcount
        rows = connection.execute(sa.select(shelf.c.id, shelf.c.name).order_by(shelf.c.id)).all()
    with library.connect() as connection:
        shown = connection.execute(sa.text("show tables like 'SHELF'")).mappings().one()
    kinds = {c["name"]: str(c["type"]) for c in sa.inspect(library).get_columns("kinds")}
    comment = sa.inspect(library).get_table_comment("kinds")["text"]
    made.drop_all(library)
    return {
        "changed": changed,
        "rows": [list(row) for row in rows],
        "cluster_by": shown["cluster_by"],
        "kinds": kinds,
        "comment": comment,
    }


def frames(library: sa.Engine) -> dict[str, Any]:
    """A frame written with INSERTs and through a stage, and read back."""
    moments = pd.to_datetime(["2026-01-01 01:02:03", "2026-01-02 00:00:00"])
    frame = pd.DataFrame({"ID": [1, 2], "WEIGHT": [1.5, None], "NAME": ["a", None], "AT": moments, "OK": [True, False]})
    with library.connect() as connection:
        frame.to_sql("frame", connection, index=False, if_exists="replace")
        back = pd.read_sql("select * from frame order by id", connection)
        frame[["ID", "NAME"]].to_sql("staged", connection, index=False, if_exists="replace", method=pd_writer)
        frame[["ID", "NAME"]].to_sql("staged", connection, index=False, if_exists="append", method="multi", chunksize=1)
        staged = connection.execute(sa.text("select count(*), count(name), sum(id) from staged")).one()
        nothing = pd.read_sql("select * from frame where false", connection)
    return {
        "back": json.loads(back.to_json(orient="values", date_format="iso")),
        "staged": list(staged),
        "nothing": [len(nothing), *nothing.columns],
    }


def main(port: int) -> None:
    """The findings are on standard output, as JSON."""
    prepare(port)
    library = engine(port, **SCHEMA)
    found: dict[str, Any] = {job.__name__: job(library) for job in (objects, reflection, merge, frames)}
    Base.metadata.drop_all(library)
    found["left"] = sorted(sa.inspect(library).get_table_names() + sa.inspect(library).get_sequence_names())
    library.dispose()
    print(json.dumps(found, default=str))  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]))
