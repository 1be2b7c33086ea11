"""Encoders of the installation: the one in force, and the one that is being prepared or was in force before."""

from enum import StrEnum
from typing import Any

from sqlalchemy import Select, delete, insert, select, update

from ticketflow.db import Session
from ticketflow.db.tables import encoder
from ticketflow.domain import Value
from ticketflow.errors import Conflict

SLOTS = 2


class EncoderState(StrEnum):
    """What an encoder's vectors are good for."""

    ACTIVE = "active"  # search goes by them
    FILLING = "filling"  # they are being made
    KEPT = "kept"  # they were searched before the last switch, or a switch to them was given up


class StoredEncoder(Value):
    """An encoder with a slot of its own. `done` of `total` chunks had its vector when it was last counted."""

    id: str
    name: str
    slot: int
    dimension: int
    state: EncoderState
    done: int = 0
    total: int = 0
    error: str | None = None
    changed_at: int


def every(session: Session) -> list[StoredEncoder]:
    """All of them, the one in force first; none before the first switch."""
    return _read(session, select(encoder))


def active(session: Session) -> StoredEncoder | None:
    """The one in force, None before the first switch: then it is the one that comes with the package."""
    return next((one for one in every(session) if one.state is EncoderState.ACTIVE), None)


def put_first(session: Session, encoder_id: str, name: str, dimension: int) -> None:
    """Write down which encoder has made the vectors so far, before another one comes beside it."""
    row = {"slot": 0, "state": EncoderState.ACTIVE, "done": 0, "total": 0, "error": None, "changed_at": session.now}
    session.insert_once(encoder, {"id": encoder_id, "name": name, "dimension": dimension, **row})


def claim(session: Session, encoder_id: str, name: str, dimension: int) -> StoredEncoder:
    """Give the slot that is not in force to an encoder, which is filling from now on; whoever had it is forgotten.

    Raises Conflict where the encoder is in force, and where one is just being prepared.
    """
    known = {one.id: one for one in _held(session)}
    in_force = next(one for one in known.values() if one.state is EncoderState.ACTIVE)
    if in_force.id == encoder_id:
        raise Conflict(f"The encoder {name!r} is in force already.")
    for one in known.values():
        if one.state is EncoderState.FILLING:
            raise Conflict(
                f"A switch to the encoder {one.name!r} is under way.",
                remedy="Wait for its end, or give it up with `ticketflow encoder cancel`.",
            )
    gone = [one.id for one in known.values() if one.id not in (in_force.id, encoder_id)]
    session.execute(delete(encoder).where(encoder.c.id.in_(gone)))
    values = {"name": name, "state": EncoderState.FILLING, "error": None, "changed_at": session.now}
    if encoder_id in known:
        session.execute(update(encoder).where(encoder.c.id == encoder_id).values(**values))
    else:
        slot = SLOTS - 1 - in_force.slot
        row = {"id": encoder_id, "slot": slot, "dimension": dimension, "done": 0, "total": 0, **values}
        session.execute(insert(encoder), row)
    return next(one for one in every(session) if one.id == encoder_id)


def tell(session: Session, encoder_id: str, done: int, total: int) -> None:
    """Note how far an encoder's vectors are."""
    session.execute(update(encoder).where(encoder.c.id == encoder_id).values(done=done, total=total))


def activate(session: Session, encoder_id: str) -> StoredEncoder | None:
    """Put a filling encoder in force; the one before it is kept. None where it is not filling any more."""
    found = {one.id: one for one in _held(session)}
    if encoder_id not in found or found[encoder_id].state is not EncoderState.FILLING:
        return None
    others = [one.id for one in found.values() if one.state is EncoderState.ACTIVE]
    _move(session, others, EncoderState.KEPT)
    _move(session, [encoder_id], EncoderState.ACTIVE)
    return found[encoder_id]


def give_up(session: Session, encoder_id: str, error: str) -> bool:
    """End the preparation of an encoder; what is made of its vectors stays. False where it is not filling."""
    filling = [one.id for one in _held(session) if one.id == encoder_id and one.state is EncoderState.FILLING]
    _move(session, filling, EncoderState.KEPT, error)
    return bool(filling)


def _held(session: Session) -> list[StoredEncoder]:
    return _read(session, session.held(select(encoder)))


def _read(session: Session, statement: Select[Any]) -> list[StoredEncoder]:
    found = [StoredEncoder.model_validate(dict(row)) for row in session.execute(statement).mappings()]
    return sorted(found, key=lambda one: (one.state is not EncoderState.ACTIVE, one.slot))


def _move(session: Session, ids: list[str], state: EncoderState, error: str | None = None) -> None:
    values = {"state": state, "error": error, "changed_at": session.now}
    session.execute(update(encoder).where(encoder.c.id.in_(ids)).values(**values))
