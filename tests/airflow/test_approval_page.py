"""What an approver reads, as a pure function of the plan: short, whole, and never markup that a name brings along."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from sluice.airflow.approval_page import (
    Question,
    about_cost,
    about_environment,
    about_marginal,
    about_promotion,
    four_eyes,
)
from sluice.airflow.markdown import text
from sluice.domain.promotion.deployments import Deployment, StageReport
from sluice.domain.promotion.evidence import Evidence, Verdict
from sluice.domain.promotion.model_diff import Changes
from sluice.domain.promotion.promotion_plan import LiveNow, PromotionPlan, Unread, Validation

AT = datetime(2026, 11, 30, 22, 29, tzinfo=UTC)
DEPLOYMENT = Deployment(
    "d20261130t222916-9071b2",
    "prod",
    "promotion",
    "r797be1589e193274",
    reason="ranks follow revenue",
    actor="alice",
    project="olist_analytics",
)
GATES = (
    Evidence("dbt results", Verdict.PASS, "13 nodes ran, 0 failed", "0 failed, ≤ 5 warned"),
    Evidence("quality score", Verdict.MARGINAL, "0.9650", "≥ 0.97, marginal from 0.95", ("not_null_orders_id",)),
)
COST = Evidence("predicted cost", Verdict.PASS, "USD 0.35 (p50), 0.61 (p90)", "USD 498.58 of today's budget is left")
HOSTILE = (
    "x](https://evil.example/a) <img src=x onerror=alert(1)> <script>alert(1)</script> **b** _e_ `c` ~~s~~ | d |\n"
    "# head\n- item\n\n![i](https://evil.example/b.png) &lt;b&gt; [ref]: /x \u202egnidart \\| \\"
)


def plan(**changed: Any) -> PromotionPlan:
    """A plan as `plan` makes it, with some of its facts changed."""
    made = PromotionPlan(
        deployment=DEPLOYMENT,
        commit="1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d",
        upstream="staging",
        validation=Validation("d20261130t222819-43194d", AT, GATES),
        live="OLIST_PROD",
        candidate="OLIST_PROD__C_20261130T222916_9071B2",
        live_now="deployment d20261129t120000-aaaaaa of prod",
        before=LiveNow("r450c44b28b8152c9", None, AT),
        live_already=False,
        changes=Changes(
            kept=("model.olist_analytics.dim_dates",),
            built=tuple(f"model.olist_analytics.fct_{number:02}" for number in range(46)),
            removed=("MARTS.OLD",),
            tests=169,
        ),
        why="changed since live's release",
        approval=True,
        gates=("dbt results", "quality score"),
        warehouse="SLUICE_PROD_WH",
        size="LARGE",
        scale=("LARGE", "XLARGE"),
    )
    return replace(made, **changed)


def asked(
    approvers: tuple[str, ...] = ("admin", "bob"), evidence: tuple[Evidence, ...] = (COST,), **changed: Any
) -> Question:
    """The question about a plan, its report having gone through XCom."""
    made = plan(**changed)
    report = StageReport("plan", "summary", made.to_json(), evidence).short()
    return about_promotion(made.deployment, StageReport.from_json(report.to_json()), approvers)


def shown(markdown: str) -> str:
    """What a reader sees of our Markdown: escapes and bold undone."""
    return re.sub(r"\\(.)", r"\1", markdown.replace("**", "")).replace("\u00a0", " ")


def test_the_line_in_the_list_says_what_who_and_why() -> None:
    """Project, release, environment, person and reason: in one line of plain text."""
    assert asked().subject == "Promote olist_analytics r797be158 to prod? alice: ranks follow revenue"
    silent = asked(deployment=replace(DEPLOYMENT, reason="", full_refresh=True))
    assert silent.subject == "Promote full refresh of olist_analytics r797be158 to prod? alice: no reason given"
    assert "**alice** asks, and gave no reason." in silent.body


def test_the_page_answers_what_an_approver_asks() -> None:
    """Who and why, who may, what is live and will be, what changes, the upstream's gates, cost, size, where more is."""
    page = shown(asked().body)
    for part in (
        "alice asks: ranks follow revenue",
        "Approvers: admin, bob. alice started this, so alice cannot approve it",
        "release r450c44b28b8152c9 (no git commit), since 2026-11-30 22:29 UTC",
        "release r797be1589e193274 (commit 1a2b3c4d5e)",
        "46 built (changed since live's release): fct_00, fct_01, fct_02,",
        "fct_08, fct_09 and 36 more · 1 removed: MARTS.OLD · 1 kept · 169 tests run",
        "Gates in staging | 1 of 2 passed (2026-11-30 22:29 UTC, deployment d20261130t222819-43194d)",
        "MARGINAL quality score 0.9650 (≥ 0.97, marginal from 0.95) · dbt results 13 nodes ran, 0 failed (0 failed, ≤",
        "USD 0.35 (p50), 0.61 (p90); USD 498.58 of today's budget is left · warehouse LARGE → XLARGE while it runs",
        "`sluice explain promote prod`, `sluice history prod`",
    ):
        assert part in page
    for raw in ("model.", "live_", "lines", "True", "False", "None", "{", "caution"):
        assert raw not in page


def test_what_is_unknown_is_said() -> None:
    """A fact that could not be read stands on the page with its reason; so do a first deployment and no prediction."""
    page = shown(
        asked(
            evidence=(),
            validation=Unread("the journal cannot be read: it is locked"),
            before=LiveNow("r450c44b28b8152c9", Unread("no such release"), Unread("no cut-over of it")),
            cautions=("which relations are removed is unknown",),
            scale=None,
        ).body
    )
    for part in (
        "Gates in staging | unknown: the journal cannot be read: it is locked",
        "(commit unknown: no such release), since when is unknown: no cut-over of it",
        "not predicted: `admission` is switched off",
        "warehouse stays LARGE",
        "| Caution | which relations are removed is unknown |",
    ):
        assert part in page
    dirty = shown(asked(commit=f"{'1a2b3c4d' * 5}-dirty").body)
    assert "(commit 1a2b3c4d1a with changes that are not committed)" in dirty
    first = shown(asked(live_now="no deployment yet", before=LiveNow(), validation=Validation("d1", AT, ())).body)
    assert "| Live now | no deployment yet |" in first
    assert "no gate's result is on record (2026-11-30 22:29 UTC" in first


@pytest.mark.parametrize(
    ("actor", "approvers", "says"),
    [
        ("alice", ("admin", "bob"), "alice started this, so **alice** cannot approve it"),
        ("alice", ("admin",), "Access Denied"),
        ("alice", (), "anyone who may edit this DAG, except **alice**, who started this"),
        ("airflow", ("admin",), "Approvers: **admin**. No person started this."),
        ("", (), "Approvers: anyone who may edit this DAG. No person started this."),
    ],
)
def test_four_eyes_are_said_before_the_click(actor: str, approvers: tuple[str, ...], says: str) -> None:
    """Who may answer, who may not and why: Airflow shows its buttons to everyone."""
    assert says in four_eyes(actor, approvers)


def test_a_thousand_models_stay_short() -> None:
    """With a thousand models, a long reason and twenty gates the page is as long as Airflow's window is high."""
    names = tuple(f"model.olist_analytics.a_model_with_quite_a_long_name_{number:04}" for number in range(1000))
    gates = tuple(replace(GATES[0], gate=f"gate {number}", observed="so many rows " * 9) for number in range(20))
    question = asked(
        deployment=replace(DEPLOYMENT, reason="because of that " * 40),
        changes=Changes(kept=names, built=names, removed=tuple(f"MARTS.T{n}" for n in range(300)), tests=5000),
        validation=Validation("d20261130t222819-43194d", AT, gates),
    )
    page = shown(question.body)
    assert "1000 built" in page
    assert "and 990 more" in page
    assert "300 removed" in page
    assert "and 295 more" in page
    assert "20 of 20 passed" in page
    assert re.search(r"and \d+ more passed", page)
    assert len(question.subject) <= 200
    lines = sum(1 + len(line) // 130 for line in page.splitlines() if line)
    assert lines <= 24


def pages() -> dict[str, Question]:
    """Every kind of question, each text in it hostile."""
    deployment = replace(
        DEPLOYMENT, reason=HOSTILE, actor=HOSTILE, project=HOSTILE, environment=HOSTILE, release=HOSTILE
    )
    bad = Evidence(HOSTILE, Verdict.MARGINAL, HOSTILE, HOSTILE, (HOSTILE,))
    cost = replace(bad, gate="predicted cost")
    facts = plan(
        deployment=deployment,
        commit=HOSTILE,
        upstream=HOSTILE,
        live=HOSTILE,
        live_now=HOSTILE,
        before=LiveNow(HOSTILE, Unread(HOSTILE), Unread(HOSTILE)),
        changes=Changes((), (f"model.{HOSTILE}",) * 12, (HOSTILE,) * 12, 1),
        why=HOSTILE,
        validation=Validation(HOSTILE, AT, (bad, replace(bad, verdict=Verdict.PASS))),
        warehouse=HOSTILE,
        scale=(HOSTILE, HOSTILE),
        cautions=(HOSTILE,),
    ).to_json()
    new = dict.fromkeys(("kind", "owner", "base", "size", "budget"), HOSTILE) | {"steps": [HOSTILE] * 12}
    who = (HOSTILE,)
    return {
        "promotion": about_promotion(deployment, StageReport("plan", HOSTILE, facts, (cost,)), who),
        "marginal": about_marginal(deployment, (bad, replace(bad, verdict=Verdict.PASS)), who),
        "cost": about_cost(deployment, StageReport("plan", HOSTILE, {}, (cost,)), who),
        "environment": about_environment(deployment, StageReport("plan", HOSTILE, new, (cost,)), who),
    }


def tokens(markdown: str) -> list[Token]:
    """What a parser of GitHub's Markdown makes of a page, inline parts included."""
    found: list[Token] = []
    for token in MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(markdown):
        found += [token, *(token.children or ())]
    return found


@pytest.mark.parametrize("kind", ["promotion", "marginal", "cost", "environment"])
def test_no_name_brings_markup_along(kind: str) -> None:
    """Reason, names and gates are shown as they are: no link, image, HTML, heading, list, or cell of their own."""
    question = pages()[kind]
    parsed = tokens(question.body)
    ours = {"paragraph", "table", "thead", "tbody", "tr", "th", "td", "strong", "em", "inline", "text", "code_inline"}
    assert {token.type.removesuffix("_open").removesuffix("_close") for token in parsed} <= ours
    assert sum(token.type == "table_open" for token in parsed) == 1
    cells = [token.type for token in parsed if token.type in {"tr_open", "td_open"}]
    assert cells.count("td_open") == 2 * (cells.count("tr_open") - 1)
    assert all(
        "sluice " in token.content or token.content == "explain" for token in parsed if token.type == "code_inline"
    )
    seen = "".join(token.content for token in parsed if token.type == "text")
    assert "x](https://evil.example/a) <img src=x onerror=alert(1)> <script>" in seen
    assert "**b** _e_ `c` ~~s~~ | d | # head - item ![i](https://evil.example/b.png) &lt;b&gt; [ref]: /x" in seen
    for invisible in ("\u202e", "\n"):
        assert invisible not in question.subject
        assert invisible not in seen


def test_an_address_is_a_link_only_by_what_is_shown() -> None:
    """GitHub's Markdown may make a link of an address that is read, never of what an escape leaves in the source."""
    source = text("see https://tickets.example/a_b|c and www.example.org/d_e or a_b@example.org")
    assert not re.search(r"https://|www\.|[a-z]@", source)
    assert (
        re.sub(r"\\(.)", r"\1", source)
        == "see https://tickets.example/a_b|c and www.example.org/d_e or a_b@example.org"
    )
