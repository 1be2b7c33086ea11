"""What allows an automatic reply, from which confidence, and each thing that takes the permission away."""

from dataclasses import replace
from typing import Any

import pytest
from small_workspace import certificate

from ticketflow.agent.certifying import AUDIT, BOTH, HISTORY
from ticketflow.agent.experience import Experience
from ticketflow.agent.permission import NOT_YET_PROVEN, Permit, permit, standing
from ticketflow.domain import Level, Stage
from ticketflow.store.settings import Settings
from ticketflow.store.watches import Watch


def with_(known: Experience, category: str | None = "account", **parts: Any) -> Permit:
    return permit(replace(known, **parts), category)


def novel_share(known: Experience) -> float:
    assert known.trained is not None
    return known.trained.novel_share


def test_a_live_certificate_allows_its_threshold(taught: Experience) -> None:
    allowed = permit(taught, "account")
    assert (allowed.threshold, allowed.certificate_id, allowed.objections) == (0.5, "c1", ())
    assert (allowed.level, allowed.stage, allowed.segment) == (Level.AUTO, Stage.GREEN, "")


def test_no_certificate_allows_nothing_and_a_refusal_says_why(taught: Experience) -> None:
    bare = with_(taught, certificates={})
    assert (bare.threshold, bare.certificate_id, bare.objections) == (None, None, (NOT_YET_PROVEN,))
    refusal = certificate(id="r", threshold=None, live=False, passed=[], reason="It needs 40 more graded tickets.")
    assert with_(taught, certificates={}, refusals={"": refusal}).objections == ("It needs 40 more graded tickets.",)
    elsewhere = refusal.model_copy(update={"alpha": 0.01})
    assert with_(taught, certificates={}, refusals={"": elsewhere}).objections == (NOT_YET_PROVEN,), "asked otherwise"


def test_nothing_learned_allows_nothing_whatever_is_certified(untaught: Experience) -> None:
    assert permit(untaught, "account").threshold is None


@pytest.mark.parametrize("stored", [{"alpha": 0.06}, {"delta": 0.1}, {"excluded": ["legal"]}, {"excluded": []}])
def test_a_certificate_that_does_not_fit_allows_nothing(taught: Experience, stored: dict[str, Any]) -> None:
    allowed = with_(taught, certificates={"": certificate(**stored)})
    assert allowed.threshold is None
    assert len(allowed.objections) == 1


@pytest.mark.parametrize("stored", [{"alpha": 0.01}, {"delta": 0.01}])
def test_a_stricter_certificate_fits(taught: Experience, stored: dict[str, Any]) -> None:
    assert with_(taught, certificates={"": certificate(**stored)}).threshold == 0.5


@pytest.mark.parametrize("share", [0.0, 1.0, 1.5, -0.1])
def test_a_share_that_nothing_can_promise_allows_nothing(taught: Experience, share: float) -> None:
    lenient = certificate(alpha=share, delta=0.0)
    assert with_(taught, settings=Settings(max_wrong=share), certificates={"": lenient}).threshold is None


def test_full_certainty_cannot_be_promised(taught: Experience) -> None:
    assert with_(taught, settings=Settings(certainty=1.0), certificates={"": certificate(delta=0.0)}).threshold is None


@pytest.mark.parametrize(
    ("general", "own", "level"),
    [
        ("auto", "assist", "assist"),
        ("auto", "off", "off"),
        ("assist", "auto", "assist"),
        ("shadow", "assist", "shadow"),
        ("off", "auto", "off"),
    ],
)
def test_the_lower_of_two_levels_holds(taught: Experience, general: str, own: str, level: str) -> None:
    settings = Settings.model_validate({"level": general, "levels": {"account": own}})
    assert with_(taught, settings=settings).level == level
    assert with_(taught, "billing", settings=settings).level == general
    assert with_(taught, None, settings=settings).level == general


def test_assist_and_off_object_and_shadow_does_not(taught: Experience) -> None:
    """In shadow it is to be seen what would have been sent."""

    def told(level: Level) -> list[str]:
        return list(with_(taught, settings=Settings(level=level)).objections)

    assert "only assist" in told(Level.ASSIST)[0]
    assert "switched off" in told(Level.OFF)[0]
    assert told(Level.SHADOW) == []


def test_the_kill_switch_objects(taught: Experience) -> None:
    assert with_(taught, settings=Settings(automation=False)).objections == ("Automation is switched off.",)


@pytest.mark.parametrize("named", ["account", "Account", "ACCOUNT"])
@pytest.mark.parametrize("guessed", ["account", "Account"])
def test_sensitive_categories_are_found_however_they_are_written(taught: Experience, named: str, guessed: str) -> None:
    settings = Settings(sensitive=[named])
    fitting = {"": certificate(excluded=["account"])}
    assert "sensitive" in with_(taught, guessed, settings=settings, certificates=fitting).objections[0]
    assert with_(taught, "billing", settings=settings, certificates=fitting).objections == ()
    assert with_(taught, None, settings=settings, certificates=fitting).objections == ()


def test_a_share_of_its_own_needs_a_certificate_of_its_own(taught: Experience) -> None:
    settings = Settings(sensitive=["account"], category_max_wrong={"account": 0.02})
    general = certificate(excluded=[])
    own = certificate(id="c2", segment="account", alpha=0.02, threshold=0.8, passed=[0.9, 0.8], excluded=[])
    alone = with_(taught, settings=settings, certificates={"": general})
    assert (alone.segment, alone.threshold, alone.certificate_id) == ("account", None, None)
    both = with_(taught, settings=settings, certificates={"": general, "account": own})
    assert (both.segment, both.threshold, both.certificate_id, both.objections) == ("account", 0.8, "c2", ())
    rest = with_(taught, "billing", settings=settings, certificates={"": general, "account": own})
    assert (rest.segment, rest.threshold, rest.certificate_id) == ("", 0.5, "c1")
    loose = own.model_copy(update={"alpha": 0.05})  # enough for the rest, not for this category
    assert with_(taught, settings=settings, certificates={"": general, "account": loose}).threshold is None


def amber(**fields: Any) -> dict[str, Watch]:
    return {"": Watch(stage=Stage.AMBER, reasons=["Signs."], **fields)}


def test_amber_is_one_notch_stricter(taught: Experience) -> None:
    assert with_(taught, watches=amber()).threshold == 0.7
    assert with_(taught, watches=amber(), certificates={"": certificate(passed=[0.9, 0.5])}).threshold == 0.9


def test_amber_without_a_stricter_proof_assists(taught: Experience) -> None:
    allowed = with_(taught, watches=amber(), certificates={"": certificate(passed=[0.5])})
    assert allowed.threshold is None
    assert "Signs." in allowed.objections[0]


def test_amber_is_one_notch_stricter_than_what_was_in_force_before(taught: Experience) -> None:
    """Where the expected share of novel tickets asks for more than the certificate, the notch is taken from there."""
    proven = {"": certificate(source=HISTORY, threshold=0.001, passed=[0.999, 0.99, 0.9, 0.5, 0.1, 0.001])}
    settings = Settings(novelty_share=0.3)
    before = with_(taught, certificates=proven, settings=settings).threshold
    assert before is not None
    assert before > 0.001, "the guard is at work"
    after = with_(taught, certificates=proven, settings=settings, watches=amber()).threshold
    assert after is not None
    assert after == min(threshold for threshold in proven[""].passed if threshold > before)


def test_red_withdraws_even_what_is_certified(taught: Experience) -> None:
    allowed = with_(taught, watches={"": Watch(stage=Stage.RED, reasons=["Too many were wrong."])})
    assert (allowed.stage, allowed.threshold, allowed.certificate_id) == (Stage.RED, None, None)
    assert "Too many were wrong." in allowed.objections[0]


def test_the_watch_over_one_segment_is_not_that_over_another(taught: Experience) -> None:
    settings = Settings(category_max_wrong={"billing": 0.02})
    watches = {"billing": Watch(stage=Stage.RED)}
    assert with_(taught, settings=settings, watches=watches).threshold == 0.5


STEPS = [0.999, 0.99, 0.9, 0.5, 0.1, 0.01, 0.0001]


@pytest.mark.parametrize("source", [HISTORY, BOTH])
def test_a_proof_that_answered_tickets_carry_has_to_serve_novel_ones_too(taught: Experience, source: str) -> None:
    """One graded ticket among many of history shows nothing of how often tickets fit no answer."""
    assert taught.trained is not None
    wary = taught.trained.threshold(0.05, 0.4).value
    assert wary is not None
    assert wary > STEPS[-1]
    proven = {"": certificate(source=source, threshold=STEPS[-1], passed=STEPS)}
    allowed = with_(taught, certificates=proven, settings=Settings(novelty_share=0.4)).threshold
    assert allowed == min(step for step in STEPS if step >= wary), "the loosest proven one that is wary enough"


def test_what_audits_alone_have_proven_needs_no_guard(taught: Experience) -> None:
    proven = {"": certificate(source=AUDIT, threshold=STEPS[-1], passed=STEPS)}
    expected = Settings(novelty_share=0.4)
    assert with_(taught, certificates=proven, settings=expected).threshold == STEPS[-1]
    usual = {"": Watch(novel_share=novel_share(taught))}
    assert with_(taught, certificates=proven, settings=expected, watches=usual).threshold == STEPS[-1]
    risen = {"": Watch(novel_share=0.6)}
    assert (with_(taught, certificates=proven, settings=expected, watches=risen).threshold or 1) > STEPS[-1]
    seen = {"": Watch(novel_share=0.6, proven={"novel_share": 0.6})}
    assert with_(taught, certificates=proven, settings=expected, watches=seen).threshold == STEPS[-1]


def test_what_is_estimated_counts_more_than_what_was_expected(taught: Experience) -> None:
    fine = [step / 1_000 for step in range(999, 0, -1)]
    proven = {"": certificate(source=HISTORY, threshold=fine[-1], passed=fine)}

    def threshold(estimated: float | None) -> float:
        watches = {"": Watch(novel_share=estimated)}
        return with_(taught, certificates=proven, settings=Settings(novelty_share=0.3), watches=watches).threshold or 1

    assert threshold(0.3) == threshold(None) < threshold(0.6)


@pytest.mark.parametrize("share", [0.95, 1.0])
def test_who_expects_only_novel_tickets_gets_no_replies_rather_than_no_guard(taught: Experience, share: float) -> None:
    proven = {"": certificate(source=HISTORY, threshold=STEPS[-1], passed=STEPS)}
    allowed = with_(taught, certificates=proven, settings=Settings(novelty_share=share))
    assert allowed.threshold is None or allowed.threshold > STEPS[-1]


def test_a_guard_beyond_all_that_is_proven_allows_nothing(taught: Experience) -> None:
    proven = {"": certificate(source=HISTORY, threshold=1e-6, passed=[1e-6])}
    allowed = with_(taught, certificates=proven, settings=Settings(novelty_share=0.4))
    assert allowed.threshold is None
    assert "Nothing is proven" in allowed.objections[0]


def test_the_standing_is_told_in_a_sentence(taught: Experience) -> None:
    told = standing(taught)
    assert "0.500" in told
    assert "5" in told
    assert "95" in told
    assert standing(replace(taught, certificates={})) == f"No automatic replies yet: {NOT_YET_PROVEN}"
    stopped = standing(replace(taught, settings=Settings(automation=False)))
    assert stopped.endswith("Automation is switched off.")
