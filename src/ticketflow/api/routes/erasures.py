"""Erasing a person's data."""

from fastapi import Response

from ticketflow.agent import erasing
from ticketflow.api.documented import fails
from ticketflow.api.guard import Calling, needs, router
from ticketflow.api.schemas.data import ErasureIn, ErasureOut
from ticketflow.api.scopes import Scope
from ticketflow.erasure import finding

routes = router("Data")


@routes.post("/erasures", status_code=202, summary="Erase a person's data", responses=fails(404, 413))
@needs(Scope.DATA_ERASE)
def erase_data(calling: Calling, body: ErasureIn, response: Response) -> ErasureOut:
    """Remove tickets with everything that hangs on them or quotes them, in a background run that cannot be undone.

    By address: every ticket that it sent, and the imported cases in which it stands. What comes later is not included.
    Numbers without a person stay. The event `data.erased` says that it is done. `dry_run` counts and changes nothing.
    """
    runtime, workspace_id = calling.runtime, calling.workspace_id
    with runtime.database.read() as session:
        found = erasing.find(session, workspace_id, body.requester_email, body.ticket_id)
        counts = finding.counted(session, workspace_id, found)
    if body.dry_run:
        return ErasureOut(run_id=None, dry_run=True, counts=counts)
    with runtime.database.write() as session:
        run_id = erasing.begin(session, workspace_id, found, calling.principal.actor)
    response.headers["Location"] = f"/v1/runs/{run_id}"
    return ErasureOut(run_id=run_id, dry_run=False, counts=counts)
