"""The web pages of a deployment in Airflow: its stages, evidence and artifacts, and its dbt docs.

A page belongs to the run that planned the deployment: who may read that DAG's XCom may read it, nobody else. What is
shown comes from the run's XCom and from the store; no account is asked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

from sluice.airflow.links import DOCS_NEED, artifacts_of
from sluice.domain.promotion.deployments import Deployment, StageReport
from sluice.domain.promotion.evidence import Evidence

if TYPE_CHECKING:
    from fastapi import FastAPI
    from upath import UPath

Message = MutableMapping[str, Any]

PAGE = "/dags/{dag_id}/runs/{run_id}/deployments/{deployment_id}/"
_TEXT_ONLY = "default-src 'none'; style-src 'unsafe-inline'; sandbox allow-popups allow-popups-to-escape-sandbox"
"""What a browser may do with the page of a deployment: show it, and follow its links."""
_SCRIPTS_APART = (
    "sandbox allow-scripts allow-popups; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'unsafe-inline'; img-src data:; font-src data:"
)
"""What it may do with dbt's docs: run their scripts, apart from Airflow's cookies and addresses."""
_STYLE = "body{font:14px sans-serif;margin:2em}td,th{text-align:left;padding:.2em 1em .2em 0;vertical-align:top}"


class DeploymentPages:
    """The pages as a web application, made when the first one is asked for: every Airflow process loads the plugin."""

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Answer a request."""
        await self.app(scope, receive, send)

    @cached_property
    def app(self) -> FastAPI:
        """The application behind it."""
        return pages()


def pages() -> FastAPI:
    """Return an application with the pages of deployments; each asks for the right to read the DAG's XCom."""
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
    from airflow.api_fastapi.core_api.security import requires_access_dag
    from fastapi import Depends, FastAPI, HTTPException, Response

    may_read = Depends(requires_access_dag("GET", DagAccessEntity.XCOM))
    app = FastAPI(title="sluice", docs_url=None, redoc_url=None, openapi_url=None)
    nowhere = HTTPException(404, "this run has no such deployment, or the store no such artifact")

    def found(dag_id: str, run_id: str, deployment_id: str) -> Deployment:
        deployment = deployment_in(dag_id, run_id, deployment_id)
        if deployment is None:
            raise nowhere
        return deployment

    @app.get(PAGE, dependencies=[may_read])
    def deployment(dag_id: str, run_id: str, deployment_id: str) -> Response:
        """Return the page of a deployment."""
        shown = found(dag_id, run_id, deployment_id)
        text = page(shown, reports_in(dag_id, run_id), artifact_names(artifacts_of(_store(), shown)))
        return Response(text, media_type="text/html", headers=_headers(_TEXT_ONLY))

    @app.get(PAGE + "docs", dependencies=[may_read])
    def docs(dag_id: str, run_id: str, deployment_id: str) -> Response:
        """Return the dbt docs of a deployment."""
        from sluice.dbt.docs import docs_page

        home = artifacts_of(_store(), found(dag_id, run_id, deployment_id))
        if not set(DOCS_NEED) <= set(artifact_names(home)):
            raise nowhere
        manifest, catalog = ((home / name).read_text(encoding="utf-8") for name in DOCS_NEED)
        return Response(docs_page(manifest, catalog), media_type="text/html", headers=_headers(_SCRIPTS_APART))

    @app.get(PAGE + "artifacts/{name}", dependencies=[may_read])
    def artifact(dag_id: str, run_id: str, deployment_id: str, name: str) -> Response:
        """Return one file that the build of a deployment has left."""
        home = artifacts_of(_store(), found(dag_id, run_id, deployment_id))
        if name not in artifact_names(home):
            raise nowhere
        return Response((home / name).read_bytes(), media_type="application/json", headers=_headers(_TEXT_ONLY))

    return app


def page(deployment: Deployment, reports: Iterable[StageReport], artifacts: Iterable[str]) -> str:
    """Return the page of a deployment as HTML: whatever a text holds, it is shown as that text."""
    reports, names = list(reports), list(artifacts)
    facts = [
        ("Environment", deployment.environment),
        ("Kind", deployment.kind),
        ("Release", deployment.release or "none"),
        ("By", deployment.actor or "airflow"),
        ("Reason", deployment.reason or "none given"),
        *([("Restores", deployment.restores)] if deployment.restores else []),
    ]
    evidence = [
        (each.gate, each.verdict.value, each.observed, each.limit, "\n".join(each.detail))
        for report in reports
        for each in report.evidence
    ]
    links = [f'<li><a href="artifacts/{escape(name)}">{escape(name)}</a></li>' for name in names]
    if set(DOCS_NEED) <= set(names):
        links.insert(0, '<li><a href="docs">dbt docs</a></li>')
    return (
        f"<!doctype html><meta charset=utf-8><title>{escape(deployment.id)}</title><style>{_STYLE}</style>"
        f"<h1>Deployment {escape(deployment.id)}</h1>{_table((), facts)}"
        f"<h2>Stages</h2>{_table(('Stage', 'Report'), [(each.stage, each.summary) for each in reports])}"
        f"<h2>Evidence</h2>{_table(('Gate', 'Verdict', 'Observed', 'Limit', 'Details'), evidence)}"
        f"<h2>Artifacts</h2><ul>{''.join(links) or '<li>none in the store</li>'}</ul>"
    )


def deployment_in(dag_id: str, run_id: str, deployment_id: str) -> Deployment | None:
    """Return the deployment of this id that a task of the run has planned; None: the run has none of that id."""
    from sluice.airflow.operators.plans import DEPLOYMENT

    planned = (Deployment.from_json(value) for value in _xcom(dag_id, run_id, DEPLOYMENT) if isinstance(value, dict))
    return next((deployment for deployment in planned if deployment.id == deployment_id), None)


def reports_in(dag_id: str, run_id: str) -> list[StageReport]:
    """Return the reports of a run's stages in their order, with the evidence of those that refused."""
    returned = [value for value in _xcom(dag_id, run_id, "return_value") if isinstance(value, dict)]
    reports = [StageReport.from_json(value) for value in returned if {"stage", "summary", "evidence"} <= set(value)]
    refused = [
        tuple(Evidence.from_json(each) for each in value)
        for value in _xcom(dag_id, run_id, "evidence")
        if isinstance(value, list)
    ]
    return [*reports, *(StageReport("refused", "a gate said no", {}, evidence) for evidence in refused)]


def artifact_names(home: UPath) -> list[str]:
    """Return what lies in the folder of a deployment's artifacts; nothing where there is no such folder."""
    try:
        return sorted(path.name for path in home.iterdir() if path.is_file())
    except FileNotFoundError:
        return []


def _xcom(dag_id: str, run_id: str, key: str) -> list[Any]:
    """What a run's tasks have left under a key, in the order of time. The API server may use Airflow's ORM."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    with create_session() as session:
        query = XComModel.get_many(run_id=run_id, dag_ids=dag_id, key=key)
        rows = session.execute(query.with_only_columns(XComModel)).scalars().all()
        return [XComModel.deserialize_value(row) for row in sorted(rows, key=lambda row: row.timestamp)]


def _store() -> UPath:
    from sluice.airflow.store import open_store
    from sluice.settings import settings

    return open_store(settings().store)


def _headers(policy: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }


def _table(heads: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{escape(each)}</th>" for each in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell).replace(chr(10), '<br>')}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>" if body else "<p>none</p>"
