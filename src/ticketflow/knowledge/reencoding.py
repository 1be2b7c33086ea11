"""What is written down about chunks that lack the vector of the encoder in force, and who may write what it learned."""

from ticketflow.clock import SECOND, new_id
from ticketflow.db import Session
from ticketflow.errors import EncoderSwitched
from ticketflow.store import encoders
from ticketflow.workflow import history, queue

COMPLETE = "complete-vectors"
PAUSE = 30 * SECOND
"""Until missing vectors are made: an encoder that gave no answer is left alone a while."""


def complete_later(session: Session, workspace_id: str, encoder_id: str, pause: int = PAUSE) -> None:
    """Queue a run that makes missing vectors, where a chunk was written with another encoder's, or with none.

    `pause` is in microseconds.
    """
    active = encoders.active(session)
    if encoder_id and (active is None or active.id == encoder_id):
        return
    queued = history.of_workspace(session, workspace_id, workflow=COMPLETE, state=queue.RunState.LIVE, limit=2)
    if all(run.fence for run in queued):
        due_at = session.now + pause
        queue.enqueue(session, workspace_id, COMPLETE, trigger_id=new_id(), payload={}, due_at=due_at)


def check_in_force(session: Session, encoder_id: str) -> None:
    """Raises EncoderSwitched where another encoder has come into force: what was learned with this one is void."""
    active = encoders.active(session)
    if active is not None and active.id != encoder_id:
        raise EncoderSwitched("Another encoder was put in force meanwhile.", remedy="Learn anew with that one.")
