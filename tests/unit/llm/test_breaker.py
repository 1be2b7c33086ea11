"""The breaker: open after more than five failures in a row, one probe a minute, whoever asks."""

import threading

import pytest

from ticketflow.llm.breaker import FAILURES, OPEN_SECONDS, Breaker


class Time:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def breaker(time: Time) -> Breaker:
    return Breaker(monotonic=time)


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        assert breaker.admit()
        breaker.failed()


def test_it_opens_after_more_than_five_failures_in_a_row(breaker: Breaker) -> None:
    fail(breaker, FAILURES)
    assert breaker.admit()
    breaker.failed()
    assert breaker.open
    assert not breaker.admit()


def test_a_success_between_begins_the_count_anew(breaker: Breaker) -> None:
    fail(breaker, FAILURES)
    breaker.succeeded()
    fail(breaker, FAILURES)
    assert not breaker.open


def test_after_a_minute_one_call_goes_through_and_decides(breaker: Breaker, time: Time) -> None:
    fail(breaker, FAILURES + 1)
    time.now += OPEN_SECONDS
    assert [breaker.admit() for _ in range(3)] == [True, False, False]
    breaker.failed()
    time.now += OPEN_SECONDS - 1
    assert not breaker.admit()
    time.now += 1
    assert breaker.admit()
    breaker.succeeded()
    assert [breaker.admit() for _ in range(3)] == [True] * 3


def test_a_probe_that_never_reports_does_not_close_it_for_good(breaker: Breaker, time: Time) -> None:
    fail(breaker, FAILURES + 1)
    time.now += OPEN_SECONDS
    assert breaker.admit()
    time.now += OPEN_SECONDS
    assert breaker.admit()


def test_of_many_threads_one_probes(breaker: Breaker, time: Time) -> None:
    fail(breaker, FAILURES + 1)
    time.now += OPEN_SECONDS
    admitted: list[bool] = []
    threads = [threading.Thread(target=lambda: admitted.append(breaker.admit())) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(admitted) == 1
