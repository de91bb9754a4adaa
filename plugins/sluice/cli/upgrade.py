"""`sluice upgrade`: the control schema of the account as this version of sluice makes it."""

from __future__ import annotations

from sluice.cli.terminal import AsJson, out, print_json, workspace


def upgrade(as_json: AsJson = False) -> None:
    """Bring the control schema of the account forward to this version of sluice; again, it changes nothing."""
    from sluice.operations.provisioning.upgrade import upgrade as bring_forward

    with workspace("bringing the control schema forward", as_json=as_json) as work:
        done = bring_forward(work)
    if as_json:
        print_json(done.to_json())
        return
    names = ", ".join(done.environments) or "no environment yet"
    was = "already" if done.before == done.version else f"before: {done.before}"
    out.print(f"the control schema has version {done.version} ({was}); journals of: {names}", highlight=False)
