"""Which certificate a ticket falls under, and which labels count for it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketflow.agent.segments import REST, alpha_of, excluded, labels_of, segment_of, segments, sensitive
from ticketflow.domain import Level
from ticketflow.learning.holding_out import Graded
from ticketflow.store.settings import Settings

NAMES = ["", "account", "Account", "billing", "refund", "REFUND", "legal", "music"]
CATEGORIES = st.sampled_from(NAMES)


def graded(*categories: str) -> Graded:
    count = len(categories)
    return Graded(np.arange(count) / max(count, 1), np.ones(count, bool), np.array(categories, np.str_))


def counted(settings: Settings, segment: str, *categories: str) -> list[str]:
    return labels_of(settings, segment, graded(*categories)).categories.tolist()


def test_a_category_with_a_share_of_its_own_is_a_segment() -> None:
    settings = Settings(category_max_wrong={"billing": 0.01, "account": 0.2})
    assert segments(settings) == [REST, "account", "billing"]
    assert segment_of(settings, "billing") == "billing"
    assert [segment_of(settings, other) for other in ("music", "", None, "Billing")] == [REST] * 4
    assert (alpha_of(settings, "billing"), alpha_of(settings, "account"), alpha_of(settings, REST)) == (0.01, 0.2, 0.05)


def test_each_segment_counts_its_own_labels_only() -> None:
    settings = Settings(category_max_wrong={"billing": 0.01})
    told = ("billing", "account", "", "billing", "music")
    assert counted(settings, "billing", *told) == ["billing", "billing"]
    assert counted(settings, REST, *told) == ["account", "", "music"]


def test_what_is_never_automatic_does_not_help_to_prove_the_rest() -> None:
    settings = Settings(sensitive=["Refund"], levels={"music": Level.ASSIST, "account": Level.AUTO})
    assert counted(settings, REST, "refund", "REFUND", "music", "account", "billing") == ["account", "billing"]
    assert excluded(settings) == ["music", "refund"]


def test_a_share_of_its_own_says_that_a_sensitive_category_may_be_answered() -> None:
    settings = Settings(sensitive=["refund", "legal"], category_max_wrong={"refund": 0.01})
    assert not sensitive(settings, "refund")
    assert sensitive(settings, "legal")
    assert sensitive(settings, "LEGAL")
    assert excluded(settings) == ["legal"]
    assert counted(settings, "refund", "refund", "legal") == ["refund"]
    assert counted(settings, REST, "refund", "legal", "REFUND") == [], "written otherwise it is sensitive still"


@pytest.mark.parametrize("category", [None, "", "music"])
def test_what_is_not_named_is_not_sensitive(category: str | None) -> None:
    assert not sensitive(Settings(), category)


@given(
    st.lists(CATEGORIES),
    st.lists(CATEGORIES),
    st.dictionaries(CATEGORIES.filter(bool), st.sampled_from([0.01, 0.1])),
    st.dictionaries(CATEGORIES.filter(bool), st.sampled_from(list(Level))),
)
def test_a_label_counts_once_at_most_and_for_the_segment_its_ticket_falls_under(
    categories: list[str], named: list[str], shares: dict[str, float], levels: dict[str, Level]
) -> None:
    settings = Settings(sensitive=named, category_max_wrong=shares, levels=levels)
    seen = [name for segment in segments(settings) for name in counted(settings, segment, *categories)]
    assert all(seen.count(name) <= categories.count(name) for name in seen)
    for name in categories:
        answered = not sensitive(settings, name or None) and levels.get(name, Level.AUTO) is Level.AUTO
        if segment_of(settings, name or None) == REST:
            assert (name in counted(settings, REST, *categories)) == answered


def test_the_labels_keep_their_confidences_and_rights() -> None:
    told = Graded(np.array([0.1, 0.9, 0.5]), np.array([False, True, False]), np.array(["a", "b", "a"]))
    kept = labels_of(Settings(category_max_wrong={"a": 0.1}), "a", told)
    assert kept.confidences.tolist() == [0.1, 0.5]
    assert kept.right.tolist() == [False, False]
