"""A look at the graded tickets because somebody asks for one, by the API or the command line."""

from ticketflow.agent import learn, proving, segments
from ticketflow.agent.permission import NOTHING_LEARNED
from ticketflow.errors import Conflict, InvalidInput
from ticketflow.learning import refitting
from ticketflow.runtime import Runtime
from ticketflow.store import certificates, settings
from ticketflow.store.certificates import Certificate
from ticketflow.store.settings import Settings


def prove_now(runtime: Runtime, workspace_id: str, segment: str | None) -> list[Certificate]:
    """Look at a segment, or with None at each; what came of it, refusals included. Call with no transaction open.

    Raises InvalidInput for a segment that is none, and Conflict before anything was learned.
    """
    with runtime.database.read() as session:
        check_segment(settings.get(session, workspace_id), segment)
        if refitting.in_force(session, workspace_id) is None:
            raise Conflict(NOTHING_LEARNED)
        stale = refitting.holds_back_too_little(session, workspace_id)
    if stale:
        learn.refit(runtime.deps, workspace_id)  # its first look is at every segment
        with runtime.database.read() as session:
            known = refitting.in_force(session, workspace_id)
            made = certificates.newest(session, workspace_id, known.version) if known else {}
        return [one for one in made.values() if segment is None or one.segment == segment]
    return proving.prove(runtime.deps, workspace_id, segment)


def check_segment(rules: Settings, segment: str | None) -> None:
    """Raise InvalidInput for a segment that is none; None stands for all of them."""
    if segment is not None and segment not in segments.segments(rules):
        raise InvalidInput(
            f"The category {segment!r} has no accepted wrong share of its own.",
            remedy="Give it one with the setting category_max_wrong, or leave the segment out.",
            field="segment",
        )
