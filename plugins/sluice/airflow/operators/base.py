"""The base of sluice's operators: it opens the workspace, and turns sluice's errors into Airflow's. Only here."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from textwrap import TextWrapper
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from sluice.airflow.authoring import at_run_time, refuse_unknown
from sluice.airflow.operators.arguments import Arguments
from sluice.airflow.xcom_summary import cut_evidence, report_summary, summary
from sluice.domain.ephemeral.ephemeral_name import NEW
from sluice.domain.promotion.evidence import Evidence
from sluice.errors import RefusedError, RetryError, SluiceError

if TYPE_CHECKING:
    from airflow.sdk import Context

    from sluice.domain.promotion.deployments import StageReport
    from sluice.operations.workspace import Workspace


EVIDENCE = "evidence"
"""XCom key of what the gates saw, where they said no."""
_WIDTH = 100
"""Characters of a message that Airflow's log shows in a window of 1440 pixels, beside the grid."""
_INDENT = " " * 9
_DETAILS = 5


class SluiceOperator(BaseOperator):
    """A task of sluice: `work` does it; a summary of what it returns goes to XCom.

    The arguments of an operator are its template fields: each may be a value, a template, or another task's result.
    What is wrong for sure is refused when the DAG file is read, the rest when the task runs, before anything is done.
    """

    template_fields: Sequence[str] = ()
    ui_color = "#e6f0f5"

    fields: ClassVar[Mapping[str, str]] = {}
    """What arguments are called in messages whose own name is taken: `owner` means something else to Airflow."""

    def arguments(self) -> Arguments:
        """Return the operator's own arguments, as they are now."""
        return Arguments({self.fields.get(name, name): getattr(self, name) for name in self.template_fields})

    def read(self) -> Any:
        """Return what the arguments ask for; refuse, by the name of the argument, what cannot be meant."""

    def refuse_wrong(self) -> None:
        """Refuse wrong arguments: the last line of a constructor. What only a running task can know passes."""
        given = {name: getattr(self, name) for name in self.template_fields}
        for name in ("environment", "environments"):
            for environment in Arguments(given).lines(name) if not at_run_time(given.get(name)) else ():
                if environment != NEW:
                    refuse_unknown(environment)
        if not any(at_run_time(value) for value in given.values()):
            self.read()

    @abstractmethod
    def work(self, workspace: Workspace, context: Context) -> Any:
        """Do the one thing this operator is for; return what it came to."""

    def execute(self, context: Context) -> Any:
        """The work is done, or the task fails saying what to do; only what was busy or cut off is retried."""
        from sluice.airflow.workspace import airflow_workspace

        try:
            refuse_unless_allowed(context)
            with airflow_workspace().one_session() as workspace:
                done = self.work(workspace, context)
            return summary(done) if isinstance(done, Mapping) else done
        except RetryError as error:
            self.log.error("%s", error)  # noqa: TRY400  (the message is for people; the traceback follows)
            raise AirflowException(f"{error}\n  {error.advice}") from error
        except SluiceError as error:
            self._leave_evidence(error, context)
            self.log.error("%s", error)  # noqa: TRY400
            raise AirflowFailException(f"{error}\n  {error.advice}") from error

    def _leave_evidence(self, error: SluiceError, context: Context) -> None:
        """What a gate saw is in XCom also when it says no: `evidence` beside the missing return value."""
        evidence: tuple[Evidence, ...] = getattr(error, "evidence", ())
        for line in evidence_lines(evidence):
            self.log.info("  %s", line)
        if evidence:
            context["ti"].xcom_push(key=EVIDENCE, value=[each.to_json() for each in cut_evidence(evidence)])

    def tell(self, report: StageReport) -> dict[str, object]:
        """Write the report to the task's log and return it for XCom, its long lists cut."""
        self.log.info("%s: %s", report.stage, report.summary)
        for line in evidence_lines(report.evidence):
            self.log.info("  %s", line)
        return report_summary(report)


def refuse_unless_allowed(context: Context) -> None:
    """Refuse a run that was started by a person whom include/policies/access.yml does not let.

    Airflow's own permissions come first; this is a second lock, also where it knows no rights by DAG.
    Runs that a schedule or an asset started are nobody's, and pass.
    """
    from sluice.operations.policies import policy_files

    run = context["dag_run"]
    person, dag_id = run.triggering_user_name, getattr(context["ti"], "dag_id", "")
    if not person or run.run_type.value != "manual" or not dag_id:
        return
    policy = policy_files().access()
    if not policy.may_start(person, dag_id):
        raise RefusedError(
            f"{person} may not start {dag_id}",
            where="include/policies/access.yml: roles.*.people",
            value=person,
            good=f"somebody of {', '.join(policy.who_may_start(dag_id)) or 'a role that names this DAG'}",
            untouched="everything",
        )


def evidence_lines(evidence: Iterable[Evidence]) -> list[str]:
    """Return the gates' findings as lines that a log's window shows whole: the verdict, what was seen, what is allowed.

    What a reader has to look at stands below, each on a line of its own.
    """
    lines: list[str] = []
    for each in evidence:
        finding = f"{each.verdict.value:<8} {each.gate}: {each.observed} (limit: {each.limit})"
        lines += _wrapped(finding, "", _INDENT)
        for detail in each.detail[:_DETAILS]:
            for line in detail.splitlines():
                lines += _wrapped(line, _INDENT, f"{_INDENT}  ")
        if len(each.detail) > _DETAILS:
            lines.append(f"{_INDENT}… and {len(each.detail) - _DETAILS} more, in XCom")
    return lines


def _wrapped(line: str, indent: str, following: str) -> list[str]:
    """The line in parts; no name is broken, so that it can be copied, and a line of code keeps its own indentation."""
    own = line[: len(line) - len(line.lstrip())]
    wrapper = TextWrapper(
        _WIDTH,
        initial_indent=f"{indent}{own}",
        subsequent_indent=following,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return wrapper.wrap(line.lstrip())
