"""Sending something outside our own database: never twice, and never lost without a human knowing.

No system gives exactly-once for a call to somebody else. Either they know our key and take a repetition for what it is,
or the intent to call is committed first and after that nobody calls again (docs/adr/0012-effects-outside.md).
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from ticketflow.clock import SECOND
from ticketflow.db import Session
from ticketflow.domain import Value
from ticketflow.errors import NotSent
from ticketflow.workflow import effects
from ticketflow.workflow.effects import Effect, EffectState
from ticketflow.workflow.engine import State, Step

D = TypeVar("D")

CALL_SHARE = 0.4
"""Of the lease, for one call. Half of it may be over when a call begins; the rest is for committing the outcome."""
INTERRUPTED = "Sending was interrupted, and nobody could say whether it arrived."


class Outlet(Protocol):
    """Where something is sent: one vendor, mail server or address. Gateways implement it.

    name                by which it is known again after a restart
    repeatable_seconds  how long the other side takes a call with the same key for the same one; 0 when it does not
    """

    @property
    def name(self) -> str: ...

    @property
    def repeatable_seconds(self) -> float: ...

    def send(self, key: str, draft: Mapping[str, Any], timeout_seconds: float) -> str:
        """Send, and return what the other side calls it. `timeout_seconds` is for the call as a whole.

        Raises NotSent only where it is certain that nothing was accepted, and anything else where it is not.
        """
        ...

    def confirm(self, key: str, draft: Mapping[str, Any], timeout_seconds: float) -> str | None:
        """What the other side calls it if it has it; None when it does not know it or cannot be asked.

        Raises what may pass, as a timeout: it is asked again.
        """
        ...


class Delivery(Value):
    """What became of it: `sent` with the other side's reference, or `dropped` or `unconfirmed` with a reason.

    `state` is None when there was nothing to send, or it was erased meanwhile.
    """

    state: EffectState | None = None
    reference: str = ""
    reason: str = ""


def call_seconds(lease_seconds: float) -> float:
    """How long one call of an outlet may take, for workers with that lease. Less than half of it."""
    return CALL_SHARE * lease_seconds


def sending_step(
    name: str,
    version: str,
    *,
    kind: str,
    outlet: Callable[[D, Effect], Outlet],
    objection: Callable[[D, Session, State], str | None],
    conclude: Callable[[D, Session, State, Effect], None],
    inputs: tuple[str, ...] = (),
) -> Step[D]:
    """The step that sends what an earlier one recorded with `effects.intend`; it yields a Delivery.

    kind       of the effect. What reaches the customer is of one kind whatever the outlet, so that it is sent once.
    outlet     where to. A pure choice: it is made inside a transaction.
    objection  why it must not be sent any more, None when it may: ticket changed, a human or the customer wrote, kill
               switch, automation not allowed. Asked in the transaction after which the call is made, so it reads with
               `session.held` what others may change meanwhile.
    conclude   writes what follows, in the step's commit: resolved when the effect is `sent`, else a human gets the
               draft. Not called when there was nothing to send, or it was erased meanwhile.
    """

    def compute(deps: D, state: State) -> Delivery:
        sending = _Sending(name, kind, state)
        return sending.run(lambda found: outlet(deps, found), lambda session: objection(deps, session, state))

    def commit(deps: D, session: Session, state: State, delivery: Delivery) -> None:
        if delivery.state is None:
            return
        ended = effects.settle(
            session, state.run, kind, delivery.state, reference=delivery.reference, reason=delivery.reason
        )
        if ended is not None:
            conclude(deps, session, state, ended)

    return Step(name, version, compute, commit, output=Delivery, inputs=inputs, outside=True)


class _Sending:
    """One claim's way through the step. Each point at which a crash would differ is reported to the checkpoint."""

    def __init__(self, step: str, kind: str, state: State) -> None:
        self._step = step
        self._kind = kind
        self._state = state
        self._timeout = call_seconds(state.lease_us / SECOND)

    def run(self, choose: Callable[[Effect], Outlet], objection: Callable[[Session], str | None]) -> Delivery:
        """Raises what the call raised, where another attempt is to find out or to try again."""
        self._reach("before_sending")
        with self._state.write() as session:
            found = effects.find(session, self._state.run, self._kind)
            if found is None:
                return Delivery()
            if found.state not in effects.OPEN:
                return Delivery(state=found.state, reference=found.reference, reason=found.reason)
            outlet = choose(found)
            reason = self._obstacle(session, found, outlet) or objection(session)
            if reason is None:
                found = effects.begin(session, self._state.run, found, outlet.name)
            self._reach("in_sending")
        self._reach("sending")
        if reason is None:
            return self._call(outlet, found)
        if found.state is EffectState.INTENDED:
            return Delivery(state=EffectState.DROPPED, reason=reason)
        return self._look_up(outlet, found, reason)

    def _obstacle(self, session: Session, found: Effect, outlet: Outlet) -> str | None:
        """Why an earlier claim's call must not be repeated."""
        if found.state is EffectState.INTENDED:
            return None
        if found.outlet == outlet.name:
            age_us = abs(session.now - found.first_at) + self._state.lease_us  # the clock may have been set back
            if age_us < outlet.repeatable_seconds * SECOND:
                return None
        return INTERRUPTED

    def _call(self, outlet: Outlet, found: Effect) -> Delivery:
        try:
            if self._state.left_us() < self._state.lease_us / 2:
                raise NotSent("The worker stood still before the call.", remedy="It is tried again.")
            self._reach("calling")
            reference = outlet.send(found.key, found.draft, self._timeout)
        except NotSent:
            self._release()
            raise
        self._reach("called")
        return Delivery(state=EffectState.SENT, reference=reference)

    def _release(self) -> None:
        self._reach("before_release")
        with self._state.write() as session:
            effects.release(session, self._state.run, self._kind)
            self._reach("in_release")
        self._reach("released")

    def _look_up(self, outlet: Outlet, found: Effect, reason: str) -> Delivery:
        self._reach("looking_up")
        reference = None
        if found.outlet == outlet.name:
            reference = outlet.confirm(found.key, found.draft, self._timeout)
        self._reach("looked_up")
        if reference is None:
            return Delivery(state=EffectState.UNCONFIRMED, reason=reason)
        return Delivery(state=EffectState.SENT, reference=reference)

    def _reach(self, point: str) -> None:
        self._state.checkpoint(f"{point}:{self._step}")
