"""`sluice policy`: back-test the clean-up policy before it is enabled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table

from sluice.cli.terminal import AsJson, out, print_json, workspace

if TYPE_CHECKING:
    from sluice.domain.cleanup.cleanup_backtest import Outcome

app = typer.Typer(no_args_is_help=True, help="The clean-up policy.")


@app.callback()
def _group() -> None:
    """The clean-up policy."""


@app.command()
def replay(
    days: Annotated[int, typer.Option(min=1, max=365, help="how many days back")] = 90,
    policy: Annotated[Path | None, typer.Option(help="a file instead of include/policies/cleanup.yml")] = None,
    as_json: AsJson = False,
) -> None:
    """Back-test the policy: what it would have removed, what was used afterwards, and what it would have saved."""
    from sluice.operations.cleanup.sweep import replay_policy

    empty: dict[str, object] = {
        "from": None,
        "to": None,
        "saved_credits": 0.0,
        "saved_usd": 0.0,
        "stopped": [],
        "environments": [],
    }
    with workspace(f"replaying {days} nights", when_empty=empty, as_json=as_json) as work:
        chosen = work.policy_files.cleanup(policy)  # a wrong file is refused before anything is read
        outcome = replay_policy(work, chosen, days, work.now())
        dollars = float(work.prices.credit_usd) * outcome.saved_credits
    if as_json:
        print_json(_facts(outcome, dollars))
        return
    names = ("Environment", "Owner", "Noticed", "Removed", "Why", "Used afterwards", "Credits after")
    table = Table(*(Column(name, overflow="fold") for name in names), title=f"{days} nights of this policy")
    for environment in outcome.environments:
        wrong = f"[red]{environment.used_after:%Y-%m-%d %H:%M}[/red]" if environment.used_after else ""
        moments = [f"{at:%Y-%m-%d}" if at else "" for at in (environment.noticed, environment.removed)]
        table.add_row(
            environment.name, environment.owner, *moments, environment.reason, wrong, f"{environment.saved_credits:.2f}"
        )
    out.print(table)
    for night, why in outcome.stopped:
        out.print(f"{night:%Y-%m-%d}: stopped, {why}", highlight=False)
    removed = [environment for environment in outcome.environments if environment.removed]
    out.print(
        f"{len(removed)} removed, {len(outcome.wrong)} of them used afterwards; "
        f"{outcome.saved_credits:.2f} credits (USD {dollars:.2f}) saved by removals of unused environments",
        highlight=False,
    )


def _facts(outcome: Outcome, dollars: float) -> dict[str, object]:
    return {
        "from": outcome.start.isoformat(),
        "to": outcome.end.isoformat(),
        "saved_credits": outcome.saved_credits,
        "saved_usd": round(dollars, 2),
        "stopped": [{"night": night.isoformat(), "why": why} for night, why in outcome.stopped],
        "environments": [
            {
                "environment": environment.name,
                "owner": environment.owner,
                "noticed": environment.noticed.isoformat() if environment.noticed else None,
                "removed": environment.removed.isoformat() if environment.removed else None,
                "reason": environment.reason,
                "used_after": environment.used_after.isoformat() if environment.used_after else None,
                "credits_after": environment.saved_credits,
            }
            for environment in outcome.environments
        ],
    }
