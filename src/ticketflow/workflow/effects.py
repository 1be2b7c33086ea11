"""Effects: what a run does that a customer can see, recorded under a key that no retry changes.

One inside our own database shares its transaction with the record, so it happens exactly once. One outside is
recorded with the decision and passes through the states below; who calls whom, and when, is in outlets.
"""

import hashlib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, select, update

from ticketflow.db import Session
from ticketflow.db.tables import effect as effect_table
from ticketflow.domain import Value
from ticketflow.workflow.queue import Run


class EffectState(StrEnum):
    """How far an effect has come. One inside our own database is `sent` at once.

    intended     decided and durable; nobody has called anyone
    sending      a claim was about to call, so the other side may have it
    sent         the other side said that it has it
    unconfirmed  nobody knows whether it has; a human got the draft
    dropped      it was never sent and never will be; a human got the draft
    """

    INTENDED = "intended"
    SENDING = "sending"
    SENT = "sent"
    UNCONFIRMED = "unconfirmed"
    DROPPED = "dropped"


OPEN = (EffectState.INTENDED, EffectState.SENDING)


class Effect(Value):
    """An effect outside our database. Immutable, as it was when it was read or written.

    draft     what is to be sent, as the decision left it
    outlet    where the claims that began to send called, empty when none did
    fence     the last claim that began to send, 0 when none did
    calls     how many claims began to send
    first_at  when the first of them did, in microseconds; 0 when none did
    """

    key: str
    workspace_id: str
    ticket_id: str
    run_id: str
    kind: str
    state: EffectState
    draft: dict[str, Any]
    outlet: str = ""
    fence: int = 0
    calls: int = 0
    first_at: int = 0
    reference: str = ""
    reason: str = ""


_IN_PAYLOAD = ("draft", "outlet", "fence", "calls", "first_at", "reference", "reason")


def effect_key(workspace_id: str, ticket_id: str, trigger_id: str, kind: str) -> str:
    """The effect's identity, 64 hex characters: the same for every attempt of every run of that trigger."""
    return hashlib.sha256("\0".join((workspace_id, ticket_id, trigger_id, kind)).encode()).hexdigest()


def once(
    session: Session,
    *,
    workspace_id: str,
    ticket_id: str,
    trigger_id: str,
    run_id: str,
    kind: str,
    payload: dict[str, Any],
) -> bool:
    """Record an effect in our own database: True the first time, and then the caller writes it in this transaction.

    False means that it was done before and must not be done again. `kind` is at most 32 characters.
    """
    row = {
        "key": effect_key(workspace_id, ticket_id, trigger_id, kind),
        "workspace_id": workspace_id,
        "ticket_id": ticket_id,
        "run_id": run_id,
        "kind": kind,
        "state": EffectState.SENT.value,
        "payload": payload,
        "created_at": session.now,
        "updated_at": session.now,
    }
    return session.insert_once(effect_table, row)


def intend(session: Session, run: Run, kind: str, draft: Mapping[str, Any]) -> bool:
    """Record that `run` is going to send `draft`, in the commit of the step that decided it.

    False when that trigger has such an effect already: the first draft stays. `kind` is at most 32 characters.
    """
    key = effect_key(run.workspace_id, run.ticket_id, run.trigger_id, kind)
    intended = Effect(
        key=key,
        workspace_id=run.workspace_id,
        ticket_id=run.ticket_id,
        run_id=run.id,
        kind=kind,
        state=EffectState.INTENDED,
        draft=dict(draft),
    )
    row = intended.model_dump(mode="json", exclude=set(_IN_PAYLOAD))
    return session.insert_once(
        effect_table, row | {"payload": _payload(intended), "created_at": session.now, "updated_at": session.now}
    )


def find(session: Session, run: Run, kind: str) -> Effect | None:
    """The outside effect of that kind of the run's trigger, held until the commit; None when there is none."""
    key = effect_key(run.workspace_id, run.ticket_id, run.trigger_id, kind)
    found = _found(session, effect_table.c.key == key, run)
    return found[0] if found else None


def begin(session: Session, run: Run, found: Effect, outlet: str) -> Effect:
    """Mark that the claim `run` is about to call `outlet`. The transaction must be guarded by the run's fence."""
    sending = found.model_copy(
        update={
            "state": EffectState.SENDING,
            "outlet": outlet,
            "fence": run.fence,
            "calls": found.calls + 1,
            "first_at": found.first_at or session.now,
        }
    )
    return _changed(session, found, sending)


def release(session: Session, run: Run, kind: str) -> None:
    """Take this claim's `begin` back, because nothing was accepted for certain: a later attempt may send.

    Nothing happens when an earlier claim had called as well, of which nobody knows the outcome.
    """
    found = find(session, run, kind)
    if found and found.state is EffectState.SENDING and found.fence == run.fence and found.calls == 1:
        back = {"state": EffectState.INTENDED, "outlet": "", "fence": 0, "calls": 0, "first_at": 0}
        _changed(session, found, found.model_copy(update=back))


def settle(
    session: Session, run: Run, kind: str, state: EffectState, *, reference: str = "", reason: str = ""
) -> Effect | None:
    """End the effect with `state`, in a transaction guarded by the run's fence. One that has ended stays as it is.

    Returns it as it is then; None when it was erased meanwhile.
    """
    found = find(session, run, kind)
    if found is None or found.state not in OPEN:
        return found
    return _changed(session, found, found.model_copy(update={"state": state, "reference": reference, "reason": reason}))


def abandon(session: Session, run: Run, reason: str) -> None:
    """End what the run leaves open: what was never sent is `dropped`, what may have been sent `unconfirmed`.

    The engine does so when a run is given up, so that no effect outlives its run undecided.
    """
    for found in _of_run(session, run, OPEN):
        state = EffectState.DROPPED if found.state is EffectState.INTENDED else EffectState.UNCONFIRMED
        _changed(session, found, found.model_copy(update={"state": state, "reason": reason}))


def not_sent(session: Session, run: Run) -> list[Effect]:
    """The run's effects that were dropped or not confirmed: their drafts are for a human."""
    return _of_run(session, run, (EffectState.DROPPED, EffectState.UNCONFIRMED))


def _of_run(session: Session, run: Run, states: Sequence[EffectState]) -> list[Effect]:
    wanted = [state.value for state in states]
    mine = and_(effect_table.c.ticket_id == run.ticket_id, effect_table.c.run_id == run.id)
    return _found(session, and_(mine, effect_table.c.state.in_(wanted)), run)


def _found(session: Session, which: ColumnElement[bool], run: Run) -> list[Effect]:
    statement = select(effect_table).where(which, effect_table.c.workspace_id == run.workspace_id)
    rows = session.execute(session.held(statement)).mappings()
    return [_read(dict(row)) for row in rows]


def _read(row: dict[str, Any]) -> Effect:
    payload = row.pop("payload")
    outside = payload if "draft" in payload else {"draft": payload}
    return Effect.model_validate({name: row[name] for name in Effect.model_fields if name in row} | outside)


def _payload(found: Effect) -> dict[str, Any]:
    return found.model_dump(mode="json", include=set(_IN_PAYLOAD))


def _changed(session: Session, seen: Effect, becomes: Effect) -> Effect:
    same = and_(
        effect_table.c.key == seen.key,
        effect_table.c.workspace_id == seen.workspace_id,
        effect_table.c.state == seen.state.value,
    )
    written = session.execute(
        update(effect_table)
        .where(same)
        .values(state=becomes.state.value, payload=_payload(becomes), updated_at=session.now)
    )
    if written.rowcount != 1:
        raise RuntimeError(f"effect {seen.key} was changed by a transaction that does not hold its run")
    return becomes
