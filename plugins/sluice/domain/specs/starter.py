"""The files that a dbt project needs beside it, made of those that ship: other names, nothing of the sample."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

import yaml

from sluice.domain.names import Identifier
from sluice.errors import SpecError

SPECS = ("development", "staging", "production")
"""The files of include/environments that ship, in the order in which releases go through them."""
CONNECTIONS = "CONNECTIONS.md"

_SPEC = "include/environments/{}.yml"
_SAMPLE_DATA = "load_olist"
_METRICS = """\
  # Figures that old and new must roughly agree on, read in each by `schema.table`. Beyond the tolerance: marginal;
  # beyond fail_percent: fail. For example:
  #   - name: rows
  #     sql: select count(*) from {relation}
  #     tolerance_percent: 5
  #     fail_percent: 20
  metrics: []
"""
_CHECKS = """\
#   - name: rows_are_there
#     description: consumers see rows at all
#     sql: select 1 from {relation} limit 1
#     expect: rows
checks: []
"""
_LINE = "  # Figures that old and new must roughly agree on"


@dataclass(frozen=True, slots=True)
class Named:
    """What one environment's things are called."""

    name: str
    database: str
    warehouse: str
    role: str
    user: str
    target: str
    """What the project's macros take it for: dbt's `target.name`."""

    @property
    def connection(self) -> str:
        """The id of its Airflow connection."""
        return f"snowflake_{self.name}"

    @property
    def reader(self) -> str:
        """The role of those who read it."""
        return f"{self.database}_READER"


@dataclass(frozen=True, slots=True)
class Answers:
    """What `sluice init` has to know."""

    project: str
    """The dbt project's own name."""
    environments: tuple[Named, ...]
    """Development, staging and production."""
    sources: tuple[str, ...]
    """Databases that the project reads and does not make."""
    account: str
    team: str
    approvers: tuple[str, ...]
    relation: str = "analytics.orders"
    """Some relation of the project, for examples."""


def files(shipped: Mapping[str, str], answers: Answers) -> dict[str, str]:
    """Return the text of each file by its path below the root; `shipped` has those of the sample project likewise."""
    names = _names(shipped, answers)
    texts: dict[str, str] = {}
    for path, text in shipped.items():
        if path == f"dags/{_SAMPLE_DATA}.py":
            continue
        texts[path] = _renamed(_of_file(path, text, answers), names) if not path.endswith(".py") else text
    texts[CONNECTIONS] = connections(answers)
    return texts


def refuse_unusable(answers: Answers) -> None:
    """Refuse names that Snowflake or a spec would not take, or that two things would share, before any file is made.

    Raises:
        SpecError: with the name and what it is for.
    """
    sources = {_kept(source, "sources") for source in answers.sources}
    for environment in answers.environments:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", environment.name):
            _refuse("environments", environment.name, "lower-case letters, digits, underscores", "dev, staging, prod")
    for what in ("name", "database", "warehouse", "role", "user"):
        given = [str(getattr(environment, what)) for environment in answers.environments]
        names = given if what == "name" else [_kept(text, f"{what}s") for text in given]
        for name in names:
            if names.count(name) > 1:
                _refuse(f"{what}s", name, "each environment has one of its own", f"{name}_1, {name}_2, {name}_3")
            if what == "database" and name in sources:
                _refuse("sources", name, "an environment's database is no source", f"{name}_RAW")


def _kept(text: str, what: str) -> str:
    if '"' in text:
        _refuse(what, text, "a name in double quotes is written into the files afterwards", text.replace('"', ""))
    return Identifier.parse(text, f"sluice init, {what}").name


def _refuse(what: str, value: str, message: str, good: str) -> NoReturn:
    raise SpecError(message, where=f"sluice init, {what}", value=value, good=good, untouched="every file")


def connections(answers: Answers) -> str:
    """Return CONNECTIONS.md: the Airflow connections to make, without a secret."""
    parts = [_INTRODUCTION.format(account=answers.account)]
    parts += [
        _CONNECTION.format(
            name=environment.name,
            id=environment.connection,
            user=environment.user,
            role=environment.role,
            warehouse=environment.warehouse,
            database=environment.database,
            account=answers.account,
        )
        for environment in answers.environments
    ]
    return "\n".join(parts)


def _names(shipped: Mapping[str, str], answers: Answers) -> dict[str, str]:
    """What each name of the shipped specs becomes."""
    names = {"the Olist analytics": answers.project, "your_account": answers.account}
    for file, named in zip(SPECS, answers.environments, strict=True):
        spec = yaml.safe_load(shipped[_SPEC.format(file)])
        names |= {
            str(spec["database"]["name"]): named.database,
            str(spec["warehouse"]["name"]): named.warehouse,
            str(spec["access"]["role"]): named.role,
            str(spec["access"]["user"]): named.user,
            str(spec["connection"]): named.connection,
            str(spec["session"]["pipeline"]): answers.project,
            str(spec["tags"]["TEAM"]): answers.team,
            **dict.fromkeys(map(str, spec["access"]["readers"]), named.reader),
        }
    return names


def _renamed(text: str, names: Mapping[str, str]) -> str:
    words = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.sub(rf"(?<![\w-])(?:{words})(?![\w-])", lambda match: names[match[0]], text)


def _of_file(path: str, text: str, answers: Answers) -> str:
    """The text with what is not a name changed: what belongs to the sample project left out, other values values."""
    development, _, production = answers.environments
    if path == "include/policies/gates.yml":
        return _gates(text, answers.relation)
    if path == "include/policies/checks.yml":
        head = "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))
        return head + "#\n# For example:\n#\n# checks:\n" + _CHECKS.format(relation=answers.relation)
    if path == "include/policies/access.yml":
        return re.sub(rf",\s*{_SAMPLE_DATA}\b", "", text)
    if path == "airflow_settings.yaml":
        here = "`python -m sluice.devstack up` puts these into Airflow's database itself"
        return text.replace("`make up` and `make demo` put these into Airflow's database themselves", here)
    if path.startswith("include/environments/templates/"):
        return _said(text, {"base": production.name, "  target": development.target})
    for file, named, upstream in zip(SPECS, answers.environments, (None, *answers.environments), strict=False):
        if path == _SPEC.format(file):
            values = {"name": named.name, "  target": named.target, "sources": f"[{', '.join(answers.sources)}]"}
            if upstream is not None:
                values["upstream"] = upstream.name
            if named is production:
                values["  approvers"] = f"[{', '.join(answers.approvers)}]"
            return _said(_always_open(text), values)
    return text


def _gates(text: str, relation: str) -> str:
    """The gates without figures of the sample project's tables, where they were an example."""
    text = re.sub(rf"{re.escape(_LINE)}.*?\n(?=  metrics:)", "", text, flags=re.DOTALL)
    first = re.search(r"^  metrics:.*\n(?:   .*\n)*", text, re.MULTILINE)
    if first:
        text = text[: first.start()] + _METRICS.format(relation=relation) + text[first.end() :]
    return re.sub(r"^    metrics:.*\n(?:     .*\n)*", "", text, flags=re.MULTILINE)


def _always_open(text: str) -> str:
    """A spec without hours and without a schedule of clusters: those of the sample are nobody else's."""
    return re.sub(r"^(?:hours|warehouse_schedule):.*\n(?:  .*\n)+\n?", "", text, flags=re.MULTILINE)


def _said(text: str, values: Mapping[str, str]) -> str:
    """The text with these keys' values changed, comments kept."""
    for key, value in values.items():
        text = re.sub(rf"^({re.escape(key)}:) [^#\n]*?( +#.*)?$", rf"\g<1> {value}\g<2>", text, flags=re.MULTILINE)
    return text


_INTRODUCTION = """\
# Connections to make

Airflow needs these connections; `airflow connections add`, Admin → Connections, a secrets backend or variables are all
good. No secret is in this file: put none in. On one machine, `python -m sluice.devstack up` makes them itself, for an
embedded account.

An administrator, for provisioning only (docs/own-account.md has a role that needs no ACCOUNTADMIN):

```bash
airflow connections add snowflake_admin --conn-type snowflake --conn-login YOUR_USER --conn-password "$PASSWORD" \\
  --conn-extra '{{"account": "{account}", "role": "ACCOUNTADMIN"}}'
```

A service user for each environment, with a key pair. Provisioning makes the user and gives it the public key that
belongs to the connection's private key; the private key stays where Airflow's workers can read it.
"""
_CONNECTION = """\
## {name}

```bash
openssl genrsa 2048 | openssl pkcs8 -topk8 -nocrypt -out {name}.p8
airflow connections add {id} --conn-type snowflake --conn-login '{user}' \\
  --conn-extra '{{"account": "{account}", "role": "{role}", "warehouse": "{warehouse}", "database": "{database}",
                 "private_key_file": "/run/secrets/{name}.p8"}}'
```
"""
