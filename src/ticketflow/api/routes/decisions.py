"""Decisions: read with everything they were made from, and made again."""

from ticketflow.agent import replay as replaying
from ticketflow.agent.past import read_past
from ticketflow.api.documented import fails
from ticketflow.api.guard import Calling, needs, router
from ticketflow.api.schemas.decisions import DecisionDetail, ReplayIn, ReplayOut
from ticketflow.api.scopes import Scope

routes = router("Decisions")


@routes.get("/decisions/{decision_id}", summary="Read a decision", responses=fails(404, 409))
@needs(Scope.TICKETS_READ)
def read_decision(calling: Calling, decision_id: str) -> DecisionDetail:
    """A decision with everything it was made from: what was read and found, features, versions, threshold, certificate,
    settings.
    """
    with calling.runtime.database.read() as session:
        past = read_past(session, calling.workspace_id, decision_id)
    return DecisionDetail.whole(past)


@routes.post("/decisions/{decision_id}/replay", summary="Replay a decision", responses=fails(404, 409))
@needs(Scope.TICKETS_READ)
def replay_decision(calling: Calling, decision_id: str, body: ReplayIn) -> ReplayOut:
    """Make a decision again from what is stored. With `{}` it must come out the same, byte for byte: `replay` says so,
    or which fields differ. Otherwise `comparison` shows what another configuration would have decided. Nothing changes.

    A decision of which something is not stored any more is refused with 404, and the detail names it.
    """
    deps, workspace_id, wanted = calling.runtime.deps, calling.workspace_id, body.configuration()
    if wanted.changes:
        return ReplayOut.compared(replaying.under(deps, workspace_id, decision_id, wanted))
    return ReplayOut.replayed(replaying.replay(deps, workspace_id, decision_id))
