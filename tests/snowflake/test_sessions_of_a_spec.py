"""What a spec says of its sessions is what they do."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from sluice.errors import RetryError
from sluice.operations.workspace import Workspace
from sluice.snowflake.statements import Statement

ASKED = Statement("SELECT 41 + 1 AS N")


def with_session(work: Workspace, **settings: object) -> Workspace:
    """Return the workspace with other settings in dev's `session`."""
    spec = work.spec("dev")
    session = spec.session.model_copy(update=settings)
    return replace(work, environments={**work.environments, "dev": spec.model_copy(update={"session": session})})


@pytest.mark.parametrize("retries", [0, 1, 2])
def test_a_lost_answer_is_asked_for_again_as_often_as_the_spec_says(
    work: Workspace, fault: Callable[..., None], clear: Callable[[], int], retries: int
) -> None:
    """`session.retries` repetitions, and not one more."""
    known = with_session(work, retries=retries)
    for lost, answered in ((retries, True), (retries + 1, False)):
        with known.admin("dev") as session:
            for number in range(lost):
                fault(match="(?i)^select 41", nth=number + 1, when="after", do="drop")
            if answered:
                assert session.one(ASKED) == {"n": 42}
            else:
                with pytest.raises(RetryError):
                    session.one(ASKED)
            assert clear() == 0
            assert session.statements == retries + 1


@pytest.mark.parametrize("pipeline", ["till", None])
def test_the_pipeline_of_a_query_tag_is_the_specs_own(work: Workspace, pipeline: str | None) -> None:
    """A spec that names none says nothing of a pipeline, least of all the sample's."""
    with with_session(work, pipeline=pipeline).admin("dev") as session:
        tag = json.loads(str(session.one(Statement("SHOW PARAMETERS LIKE 'QUERY_TAG' IN SESSION"))["value"]))
    assert tag.get("pipeline", "none") == (pipeline or "none")
    assert tag["environment"] == "dev"
