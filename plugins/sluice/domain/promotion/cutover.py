"""The cut-over and its undo, decided from markers as observed in the account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from sluice.domain.names import Identifier, Marker, candidate_name, retained_name
from sluice.domain.promotion.deployments import Deployment
from sluice.errors import StopError

Markers = Mapping[str, Marker | None]
"""Name of an existing database → its marker; None where it has none."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """The databases of a cut-over, and so of its undo: recorded before anything is changed."""

    live: str
    incoming: str
    """Name of the candidate, or of the retained database that comes back."""
    wanted: Marker
    """The marker of live after the cut-over."""
    former: Marker | None
    """The marker of live before."""
    drops_incoming: bool
    """Whether undo drops the incoming database: a candidate is ours to drop, a retained one is kept."""

    @property
    def parking(self) -> str:
        """The name under which the former live is kept; what bears no id stays where the swap put it."""
        if self.former is None or self.former.deployment is None:
            return self.incoming
        return retained_name(Identifier.from_account(self.live), self.former.deployment).name

    def to_json(self) -> dict[str, object]:
        """Return the record as the journal keeps it."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, object]) -> Exchange:
        """Return the record that `to_json` wrote."""
        wanted = _marker(value["wanted"])
        if wanted is None:
            raise ValueError("an exchange knows what it wants live")
        former = _marker(value["former"])
        names = str(value["live"]), str(value["incoming"])
        return cls(*names, wanted=wanted, former=former, drops_incoming=bool(value["drops_incoming"]))


def recorded(records: Iterable[Mapping[str, object]], live: Identifier, deployment: Deployment) -> Exchange:
    """Return the exchange that the journal has of a deployment, which names its own databases and no others.

    Raises:
        StopError: there is none, there are two that differ, or it is not this deployment's.
    """
    where = f"journal of {deployment.environment}"
    exchanges = list(dict.fromkeys(Exchange.from_json(record) for record in records))
    if not exchanges:
        raise StopError(
            "no undo is recorded for this deployment, so nothing may be changed",
            where=where,
            value=deployment.id,
            good="the stage record_undo, run before",
            untouched="live",
        )
    if len(exchanges) > 1:
        raise StopError(
            f"{len(exchanges)} exchanges are recorded for this deployment, and they differ",
            where=where,
            value=", ".join(exchange.incoming for exchange in exchanges),
            good="one record: somebody has written another; look who, then run a new deployment",
            untouched="live",
        )
    (exchange,) = exchanges
    incoming = (
        candidate_name(live, deployment.id) if deployment.restores is None else retained_name(live, deployment.restores)
    )
    wanted = deployment.restores or deployment.id
    own = (live.name, incoming.name, deployment.environment, wanted)
    if (exchange.live, exchange.incoming, exchange.wanted.environment, exchange.wanted.deployment) != own:
        raise StopError(
            "the recorded exchange is not this deployment's",
            where=where,
            value=f"{exchange.live} with {exchange.incoming}, which bears {named(exchange.wanted)}",
            good=f"{live.name} with {incoming.name}, which bears deployment {wanted} of {deployment.environment}",
            untouched="live",
        )
    return exchange


@dataclass(frozen=True, slots=True)
class AlreadyLive:
    """Live bears what is wanted: there is nothing to swap."""


@dataclass(frozen=True, slots=True)
class Swap:
    """Exchange the names of these two databases, once."""

    live: str
    other: str


@dataclass(frozen=True, slots=True)
class NotSwapped:
    """Live is the former one; `leftover` is the candidate to drop, if there is one and it is ours."""

    leftover: str | None


@dataclass(frozen=True, slots=True)
class Refuse:
    """Live would lose something: these objects were changed by someone else."""

    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stop:
    """The account is not as recorded: change nothing, call a person."""

    because: str


def decide_cut_over(exchange: Exchange, found: Markers, foreign: tuple[str, ...]) -> AlreadyLive | Swap | Refuse | Stop:
    """Return the one thing that a cut-over may do with what is there now."""
    if exchange.live not in found:
        return Stop(f"{exchange.live} does not exist")
    live = found[exchange.live]
    if live == exchange.wanted:
        return AlreadyLive()
    if live != exchange.former:
        return Stop(f"{exchange.live} bears {named(live)}, but {named(exchange.former)} was recorded")
    if exchange.incoming not in found:
        return Stop(f"{exchange.incoming}, which should become live, does not exist")
    if found[exchange.incoming] != exchange.wanted:
        return Stop(
            f"{exchange.incoming} bears {named(found[exchange.incoming])}, but should bear {named(exchange.wanted)}"
        )
    return Refuse(foreign) if foreign else Swap(exchange.live, exchange.incoming)


def decide_undo(exchange: Exchange, found: Markers) -> NotSwapped | Swap | Stop:
    """Return what brings the former deployment back: a swap, or nothing but the candidate's removal."""
    if exchange.live not in found:
        return Stop(f"{exchange.live} does not exist")
    live = found[exchange.live]
    if live == exchange.former:
        candidates = [name for name in _homes(exchange) if found.get(name) == exchange.wanted]
        return NotSwapped(candidates[0] if candidates and exchange.drops_incoming else None)
    if live != exchange.wanted:
        return Stop(
            f"{exchange.live} bears {named(live)}: neither {named(exchange.wanted)} nor {named(exchange.former)}"
        )
    homes = [name for name in _homes(exchange) if name in found and found[name] == exchange.former]
    if len(homes) != 1:
        return Stop(f"{len(homes)} databases bear {named(exchange.former)}; exactly one can come back")
    return Swap(exchange.live, homes[0])


def deployed(marker: Marker | None) -> str | None:
    """Return the deployment that a database holds; None for one that was made empty and has seen none."""
    return marker.deployment if marker is not None and marker.release is not None else None


def named(marker: Marker | None) -> str:
    """Name a deployment in a sentence."""
    if marker is None:
        return "no marker of sluice"
    return f"deployment {marker.deployment} of {marker.environment}" if deployed(marker) else "no deployment yet"


def _homes(exchange: Exchange) -> tuple[str, ...]:
    """Where the database that is not live may lie."""
    return tuple(dict.fromkeys((exchange.incoming, exchange.parking)))


def _marker(value: object) -> Marker | None:
    if not isinstance(value, Mapping):
        return None
    texts = (value.get("deployment"), value.get("release"))
    deployment, release = (str(text) if text is not None else None for text in texts)
    return Marker(str(value["environment"]), deployment, release)
