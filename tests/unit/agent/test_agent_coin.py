"""The coin: fair, foreseeable by nobody without the secret, and the same for everybody with it."""

from dataclasses import replace

import numpy as np
import pytest

from ticketflow.agent.coin import throw
from ticketflow.agent.experience import Experience
from ticketflow.agent.ingest import audit_share
from ticketflow.clock import new_id
from ticketflow.domain import Stage
from ticketflow.store.settings import Settings
from ticketflow.store.watches import Watch

SECRET = b"a secret of thirty-two bytes, at least"
NAMES = [f"ticket-{number}" for number in range(10_000)]


def throws(purpose: str = "audit", secret: bytes = SECRET) -> np.ndarray:
    return np.array([throw(secret, purpose, name) for name in NAMES])


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
def test_it_draws_about_the_share_asked_for(share: float) -> None:
    drawn = (throws() < share).mean()
    assert abs(drawn - share) < 4 * np.sqrt(share * (1 - share) / len(NAMES))


def test_it_draws_evenly_along_ids_that_grow_with_time() -> None:
    numbers = np.sort([throw(SECRET, "audit", new_id()) for _ in range(10_000)])
    even = (np.arange(len(numbers)) + 0.5) / len(numbers)
    assert np.abs(numbers - even).max() < 1.95 / np.sqrt(len(numbers)), "Kolmogorov-Smirnov, one in a thousand"
    assert numbers.min() >= 0
    assert numbers.max() < 1


def test_the_same_secret_throws_the_same_everywhere() -> None:
    assert (throws() == throws()).all()
    assert throw(b"k", "audit", "0192f0c1") == throw(b"k", "audit", "0192f0c1")
    assert throw(b"secret", "audit", "ticket") == 0.06573842674515207, "a stored coin stays what it was"


def test_another_secret_throws_otherwise() -> None:
    assert abs(np.corrcoef(throws(), throws(secret=b"another secret"))[0, 1]) < 0.05


def test_the_throws_for_other_purposes_tell_nothing() -> None:
    audited, twice = throws() < 0.1, throws("second grade") < 0.1
    assert abs(np.corrcoef(throws(), throws("second grade"))[0, 1]) < 0.05
    assert 0.005 < (audited & twice).mean() < 0.015


def test_the_secret_is_not_the_purpose_nor_the_name() -> None:
    assert throw(b"", "audit", "x") != throw(b"", "audi", "tx")


def test_in_doubt_twice_as_many_are_audited_and_never_more_than_all(taught: Experience) -> None:
    def share(stage: Stage, segment: str = "", usual: float = 0.1) -> float:
        known = replace(taught, settings=Settings(audit_share=usual), watches={segment: Watch(stage=stage)})
        return audit_share(known)

    assert audit_share(taught) == 0.1
    assert share(Stage.GREEN) == 0.1
    assert share(Stage.AMBER) == 0.2
    assert share(Stage.RED) == 0.2
    assert share(Stage.AMBER, "billing") == 0.2
    assert share(Stage.AMBER, usual=0.7) == 1.0
