"""What the agent may do with a ticket of a category, and from which confidence: settings, proof and watch together.

Pure: the same experience gives the same permission. It can only take away; the certificate alone gives.
"""

from dataclasses import dataclass
from typing import Any

from ticketflow.agent import segments
from ticketflow.agent.certifying import AUDIT, NONE_MAY_BE_WRONG
from ticketflow.agent.experience import Experience
from ticketflow.agent.experiments import threshold_floor, unproven
from ticketflow.domain import Level, Stage
from ticketflow.learning.novelty_share import HIGHEST
from ticketflow.learning.percent import percent
from ticketflow.store.certificates import Certificate
from ticketflow.store.settings import Settings
from ticketflow.store.watches import Watch

NOTHING_LEARNED = "Nothing has been learned yet: import resolved tickets that name their answer."
NOT_YET_PROVEN = "Nothing is certified yet: `ticketflow certify` tries for a certificate."
OTHER_CATEGORIES = (
    "The settings changed which categories the agent answers, and the certificate speaks of others: "
    "`ticketflow certify` tries for one that fits."
)
SLACK = 1e-9
"""Two shares that differ by less are the same."""
MORE_NOVEL = 0.05
"""An estimated share of novel tickets that exceeds the one learned with by so much makes the threshold stricter."""


@dataclass(frozen=True)
class Permit:
    """What holds for a ticket. `threshold` is the least confidence to act on, None where no proof allows any.

    `objections` are sentences for what stands in the way of an automatic reply, `threshold` left aside.
    """

    level: Level
    segment: str
    stage: Stage
    threshold: float | None
    certificate_id: str | None
    objections: tuple[str, ...]


def permit(known: Experience, category: str | None, variants: dict[str, str] | None = None) -> Permit:
    """The permission for a ticket of a category that takes part in experiments with these `variants`."""
    settings = known.settings
    segment = segments.segment_of(settings, category)
    level = min(settings.level, settings.levels.get(category or "", Level.AUTO), key=lambda one: one.trust)
    watch = known.watches.get(segment, Watch())
    certificate, missing = _proof(known, segment, watch)
    threshold = None
    if certificate is not None:
        threshold, missing = _threshold(known, segment, certificate, watch)
    floor = threshold_floor(known.experiments, variants or {})
    if certificate is not None and threshold is not None and floor is not None:
        threshold, missing = _proven_from(certificate, max(threshold, floor))
    objections = [
        missing,
        unproven(known.experiments, variants or {}),
        "Automation is switched off." if not settings.automation else None,
        _level_objection(level, category),
        f"{category!r} is a sensitive category." if segments.sensitive(settings, category) else None,
    ]
    return Permit(
        level=level,
        segment=segment,
        stage=watch.stage,
        threshold=threshold,
        certificate_id=certificate.id if certificate else None,
        objections=tuple(one for one in objections if one),
    )


def rules_of(known: Experience, segment: str, variants: dict[str, str]) -> dict[str, Any]:
    """What a permission rests on besides artefacts and answers, as JSON; `replay` reads it back."""
    certificate, refusal = known.certificates.get(segment), known.refusals.get(segment)
    watch = known.watches.get(segment)
    return {
        "settings": known.settings.model_dump(mode="json"),
        "certificate": certificate.id if certificate else None,
        "refusal": refusal.id if refusal else None,
        "watch": watch.model_dump(mode="json") if watch else None,
        "unproven": unproven(known.experiments, variants),
        "doubted": any(one.stage is not Stage.GREEN for one in known.watches.values()),
    }


def standing(known: Experience) -> str:
    """How automation stands for most tickets, in a sentence or two for people."""
    allowed = permit(known, None)
    certificate = known.certificates.get(segments.REST)
    if allowed.threshold is None or certificate is None:
        return "No automatic replies yet: " + " ".join(allowed.objections)
    proven = (
        f"Automatic replies from confidence {allowed.threshold:.3f}. Certified from {certificate.threshold:.3f} on: at "
        f"most {percent(certificate.alpha)} wrong with {percent(1 - certificate.delta)} certainty "
        f"({percent(certificate.coverage)} of {certificate.labels:,} graded tickets, {certificate.errors} of "
        f"{certificate.automatic:,} wrong)."
    )
    return " ".join([proven, *allowed.objections])


def _proof(known: Experience, segment: str, watch: Watch) -> tuple[Certificate | None, str | None]:
    """The live certificate, if it promises what the settings ask for; otherwise the sentence that says why not."""
    settings, certificate = known.settings, known.certificates.get(segment)
    alpha, delta = segments.alpha_of(settings, segment), 1 - settings.certainty
    if known.trained is None:
        return None, NOTHING_LEARNED
    if not 0 < alpha < 1 or not 0 < delta < 1:
        return None, NONE_MAY_BE_WRONG
    if watch.stage is Stage.RED:
        return None, "Automatic replies are withdrawn until a fresh certificate: " + " ".join(watch.reasons)
    if certificate is not None and fits(settings, certificate):
        return certificate, None
    refusal = known.refusals.get(segment)
    if refusal is not None and asked_now(settings, refusal):
        return None, refusal.reason
    if certificate is None:
        return None, NOT_YET_PROVEN
    if certificate.alpha <= alpha + SLACK and certificate.delta <= delta + SLACK:
        return None, OTHER_CATEGORIES
    return None, (
        f"The certificate allows {percent(certificate.alpha)} wrong with {percent(1 - certificate.delta)} certainty; "
        f"the settings ask for {percent(alpha)} with {percent(settings.certainty)}: "
        "`ticketflow certify` tries for one that fits."
    )


def fits(settings: Settings, certificate: Certificate) -> bool:
    """Whether a certificate promises no less than the settings ask for, of the same categories."""
    return (
        certificate.alpha <= segments.alpha_of(settings, certificate.segment) + SLACK
        and certificate.delta <= 1 - settings.certainty + SLACK
        and (certificate.segment != segments.REST or certificate.excluded == segments.excluded(settings))
    )


def asked_now(settings: Settings, refusal: Certificate) -> bool:
    """Whether a look asked for what the settings ask for."""
    return fits(settings, refusal) and abs(refusal.alpha - segments.alpha_of(settings, refusal.segment)) < SLACK


def _threshold(
    known: Experience, segment: str, certificate: Certificate, watch: Watch
) -> tuple[float | None, str | None]:
    """The certified threshold, made stricter where the watch has reason to."""
    threshold = certificate.threshold
    guard, reason = _novelty_guard(known, segment, certificate, watch)
    if reason is not None or threshold is None:
        return None, reason
    if guard is not None:
        threshold, reason = _proven_from(certificate, max(threshold, guard))
    if watch.stage is not Stage.AMBER or threshold is None:
        return threshold, reason
    stricter = [one for one in certificate.passed if one > threshold]
    if not stricter:
        return None, "The watch asks for a stricter threshold, and none is proven: " + " ".join(watch.reasons)
    return min(stricter), None


def _proven_from(certificate: Certificate, wanted: float) -> tuple[float | None, str | None]:
    """The loosest proven threshold at or above `wanted`: between two that passed, nothing is proven."""
    proven = [threshold for threshold in certificate.passed if threshold >= wanted]
    if not proven:
        return None, f"Nothing is proven for a threshold as strict as {wanted:.3f}, which the situation asks for."
    return min(proven), None


def _novelty_guard(
    known: Experience, segment: str, certificate: Certificate, watch: Watch
) -> tuple[float | None, str | None]:
    """The least confidence that suits the share of tickets no answer fits, or why there is none; None, None if moot.

    A history of answered tickets cannot show how often live ones fit no answer, and thins out the audits that can.
    Unless the proof is of audits alone, the threshold also has to serve the share that is expected, or estimated from
    what arrives.
    """
    trained, estimated = known.trained, watch.novel_share
    novel = min(max(known.settings.novelty_share if estimated is None else estimated, 0.0), HIGHEST)
    if trained is None:
        return None, None
    seen = max(trained.novel_share, watch.proven.get("novel_share", 0.0))
    if certificate.source == AUDIT and (estimated is None or novel <= seen + MORE_NOVEL):
        return None, None
    wary = trained.threshold(min(certificate.alpha, segments.alpha_of(known.settings, segment)), novel)
    if wary.value is None:
        return None, f"About {percent(novel)} of the tickets are expected to fit no answer. {wary.reason}"
    return wary.value, None


def _level_objection(level: Level, category: str | None) -> str | None:
    if level is Level.ASSIST:
        return "The agent may only assist here: a person sends the reply."
    if level is Level.OFF:
        return "The agent is switched off" + (f" for {category!r}." if category else ".")
    return None
