"""Where work comes from: ids that callers choose, and what a run keeps of its request."""

import asyncio
import threading

import pytest

from ticketflow import origin
from ticketflow.origin import NOWHERE, Origin


@pytest.mark.parametrize("given", ["a1b2c3d4", "0192f0c1-7a55-7cc0-8000-3f1a5e9b1c2d", "svc:42.7_x-y", "x" * 64])
def test_a_well_formed_id_is_kept(given: str) -> None:
    assert origin.request_id(given) == given


@pytest.mark.parametrize(
    "given",
    [None, "", "short", "x" * 65, "two words here", "line\nbreak-12345", "nadia@example.org", "-12345678", "ünïcode1"],
)
def test_any_other_is_replaced(given: str | None) -> None:
    made = origin.request_id(given)
    assert made != given
    assert origin.WELL_FORMED.fullmatch(made)
    assert origin.request_id(given) != made


def test_a_run_keeps_its_request_and_brings_it_back() -> None:
    assert origin.stored() == {}
    with origin.under(Origin("request-1", "00-trace-span-01", "run-0")):
        kept = origin.stored()
        assert origin.outgoing() == {"traceparent": "00-trace-span-01"}
    assert origin.current() == NOWHERE
    assert origin.outgoing() == {}
    assert origin.read(kept[origin.FIELD], "run-1") == Origin("request-1", "00-trace-span-01", "run-1")


@pytest.mark.parametrize("kept", [None, "text", {}, {"request": 5}])
def test_what_was_kept_by_nobody_is_no_error(kept: object) -> None:
    assert origin.read(kept, "run-1").run_id == "run-1"


def test_a_loop_in_another_thread_works_for_the_one_who_calls_it() -> None:
    """Encoders and language models are asked there: their calls carry the caller's trace."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def called() -> dict[str, str]:
        await asyncio.sleep(0)
        return origin.outgoing()

    with origin.under(Origin(traceparent="00-a-b-01")):
        assert asyncio.run_coroutine_threadsafe(called(), loop).result(5) == {"traceparent": "00-a-b-01"}
    assert asyncio.run_coroutine_threadsafe(called(), loop).result(5) == {}
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
