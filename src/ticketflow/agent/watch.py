"""The watch over automatic replies, and the ladder: green, amber (stricter, twice the audits), red (assist only).

Down goes by itself; up only by a fresh certificate. Every move is an event and a notice.
"""

import structlog

from ticketflow import events
from ticketflow.agent import segments
from ticketflow.clock import SECOND, new_id
from ticketflow.db import Session
from ticketflow.domain import Stage
from ticketflow.learning.percent import percent
from ticketflow.learning.watching import Cusum
from ticketflow.store import certificates, notices, settings, watches
from ticketflow.store.watches import Watch
from ticketflow.workflow import queue

ORDER = list(Stage)
WATCH = "watch"
LOOK_EVERY = 600 * SECOND
"""How often the early warnings and deadlines are looked at while tickets arrive."""

log = structlog.get_logger(__name__)


def queue_look(session: Session, workspace_id: str, *, looked_at: int = 0, now: bool = False) -> None:
    """Queue a look at early warnings, deadlines and proofs, unless the last was lately; `now` in any case."""
    if now:
        queue.enqueue(session, workspace_id, WATCH, trigger_id=new_id(), payload={})
    elif session.now - looked_at >= LOOK_EVERY:
        _queue_in_slot(session, workspace_id, session.now // LOOK_EVERY)


def schedule_look(session: Session, workspace_id: str, after: int) -> None:
    """Queue a look soon after a moment that lies ahead, whether or not tickets arrive then."""
    _queue_in_slot(session, workspace_id, after // LOOK_EVERY + 1)


def _queue_in_slot(session: Session, workspace_id: str, slot: int) -> None:
    # A slot of time is one trigger: several looks in it are one, and no process has to be the one that schedules.
    due_at = max(session.now, slot * LOOK_EVERY)
    queue.enqueue(session, workspace_id, WATCH, trigger_id=f"watch-{slot}", payload={}, due_at=due_at)


def observe(session: Session, workspace_id: str, segment: str, *, wrong: bool) -> Watch:
    """Take note of one audited automatic reply; the watch as it then stands."""
    alpha = segments.alpha_of(settings.get(session, workspace_id), segment)
    now = watches.get(session, workspace_id, segment)
    if not 0 < alpha < 1:
        return now
    cusum = Cusum.for_target(alpha)
    suspicion = cusum.step(now.suspicion, wrong)
    now = now.model_copy(update={"suspicion": suspicion, "audits": now.audits + 1})
    told = f"Of the audited automatic replies, more are wrong than the accepted {percent(alpha)}."
    if cusum.is_red(suspicion):
        return lower(session, workspace_id, segment, now, Stage.RED, told)
    if cusum.is_amber(suspicion):
        return lower(session, workspace_id, segment, now, Stage.AMBER, f"There are signs of this: {told}")
    watches.put(session, workspace_id, segment, now)
    return now


def lower(session: Session, workspace_id: str, segment: str, now: Watch, stage: Stage, reason: str) -> Watch:
    """Go down the ladder to `stage`, or stay where that is further down already; the watch as it then stands."""
    moved = ORDER.index(stage) > ORDER.index(now.stage)
    if moved:
        now = now.model_copy(update={"stage": stage, "since": session.now, "reasons": _with(now.reasons, reason)})
    watches.put(session, workspace_id, segment, now)
    if not moved:
        return now
    if stage is Stage.RED:
        certificates.end(session, workspace_id, segment, reason)
    events.append(session, workspace_id, "automation.lowered", segment=segment, stage=stage, reason=reason)
    notices.add(session, workspace_id, "automation.lowered", f"{_place(segment)} {_CONSEQUENCE[stage]} {reason}")
    log.warning("automation_lowered", workspace_id=workspace_id, segment=segment, stage=stage, reason=reason)
    return now


def raise_(session: Session, workspace_id: str, segment: str, certificate_id: str) -> None:
    """A fresh certificate: all is green, and the watch begins anew."""
    now = watches.get(session, workspace_id, segment)
    fresh = Watch(
        since=session.now,
        novel_share=now.novel_share,
        looked_at=now.looked_at,
        proven={} if now.stage is Stage.GREEN else _shifts(now),
    )
    watches.put(session, workspace_id, segment, fresh)
    if now.stage is Stage.GREEN:
        return
    events.append(session, workspace_id, "automation.raised", segment=segment, certificate_id=certificate_id)
    notices.add(
        session, workspace_id, "automation.raised", f"{_place(segment)} are proven anew and go on without restriction."
    )


_CONSEQUENCE = {
    Stage.AMBER: "need a higher confidence from now on, and twice as many tickets are audited.",
    Stage.RED: "are withdrawn; people reply until a fresh certificate.",
}


def _shifts(now: Watch) -> dict[str, float]:
    told = {"novel_share": now.novel_share, "stability": now.stability, "language_change": now.language_change}
    return {name: value for name, value in told.items() if value is not None}


def _with(reasons: list[str], reason: str) -> list[str]:
    return [*(one for one in reasons if one != reason), reason]


def _place(segment: str) -> str:
    return f"Automatic replies in {segment!r}" if segment else "Automatic replies"
