"""The product with one guard taken out: what the proofs have to notice. Applied in a process that ends with it."""

from collections.abc import Callable
from typing import Any
from unittest import mock

from ticketflow.db import Session
from ticketflow.workflow import effects, outlets
from ticketflow.workflow.effects import Effect
from ticketflow.workflow.engine import Workflow
from ticketflow.workflow.outlets import Delivery, Outlet
from ticketflow.workflow.queue import Run

MUTANTS = ("intent_after_send", "resend_when_absent")


def apply(mutant: str, make: Callable[[], Workflow[Any]]) -> Workflow[Any]:
    """The workflow, with `mutant` in the product from now on; no change when it is empty."""
    for patch in patches(mutant):
        patch.start()
    return make()


def patches(mutant: str) -> list[Any]:
    """What takes the guard out while it is active."""
    if (
        mutant == "intent_after_send"
    ):  # nothing is durable before the call: the effect is settled straight from intended
        return [mock.patch.object(effects, "begin", _not_written)]
    if mutant == "resend_when_absent":  # looked up, not found, so it is sent again
        return [mock.patch.object(outlets._Sending, "_look_up", _again)]
    if mutant == "nobody_objects":
        return [mock.patch.object(outlets._Sending, "run", _unasked(outlets._Sending.run))]
    return []


def _not_written(_session: Session, run: Run, found: Effect, outlet: str) -> Effect:
    return found.model_copy(update={"fence": run.fence, "calls": 1, "first_at": 1, "outlet": outlet})


def _again(self: Any, outlet: Outlet, found: Effect, _reason: str) -> Delivery:
    if outlet.confirm(found.key, found.draft, 1.0) is None:
        return self._call(outlet, found)
    return Delivery(state=effects.EffectState.SENT, reference="found")


def _unasked(run: Any) -> Any:
    return lambda self, choose, _objection: run(self, choose, lambda _session: None)
