"""What the agent may do with a ticket of a category, and from which confidence: settings, proof and watch together.

Pure: the same experience gives the same permission. It can only take away; the certificate alone gives.
"""

from dataclasses import dataclass
from typing import Any

from ticketflow.agent import segments
from ticketflow.agent.certifying import HISTORY, NONE_MAY_BE_WRONG
from ticketflow.agent.experience import Experience
from ticketflow.agent.experiments import threshold_floor
from ticketflow.domain import Level, Stage
from ticketflow.store.certificates import Certificate
from ticketflow.store.settings import Settings
from ticketflow.store.watches import Watch

NOTHING_LEARNED = "Nothing has been learned yet: import resolved tickets that name their answer."
NOT_YET_PROVEN = "No certificate allows automatic replies yet: `ticketflow certify` tries for one."
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

    @property
    def active(self) -> bool:
        """Whether the agent may leave any trace on the ticket."""
        return self.level.trust >= Level.ASSIST.trust


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
    if threshold is not None and floor is not None:
        threshold = max(threshold, floor)
    objections = [
        missing,
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


def rules_of(known: Experience, segment: str) -> dict[str, Any]:
    """What a permission rests on besides artefacts and answers, as JSON; `replay` reads it back."""
    certificate, refusal = known.certificates.get(segment), known.refusals.get(segment)
    watch = known.watches.get(segment)
    return {
        "settings": known.settings.model_dump(mode="json"),
        "certificate": certificate.id if certificate else None,
        "refusal": refusal.id if refusal else None,
        "watch": watch.model_dump(mode="json") if watch else None,
    }


def standing(known: Experience) -> str:
    """How automation stands for most tickets, in a sentence or two for people."""
    allowed = permit(known, None)
    certificate = known.certificates.get(segments.REST)
    if allowed.threshold is None or certificate is None:
        return "No automatic replies yet: " + " ".join(allowed.objections)
    proven = (
        f"Automatic replies from confidence {allowed.threshold:.3f}, certified: at most {certificate.alpha:.1%} wrong "
        f"with {1 - certificate.delta:.0%} certainty. Of {certificate.labels:,} graded tickets they cover "
        f"{certificate.coverage:.0%}, {certificate.errors} of {certificate.automatic:,} wrong."
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
    if certificate is None:
        refusal = known.refusals.get(segment)
        return None, refusal.reason if refusal is not None and _asked_now(settings, refusal) else NOT_YET_PROVEN
    if certificate.alpha > alpha + 1e-9 or certificate.delta > delta + 1e-9:
        return None, (
            f"The certificate allows {certificate.alpha:.1%} wrong with {1 - certificate.delta:.0%} certainty, the "
            f"settings {alpha:.1%} with {settings.certainty:.0%}: `ticketflow certify` tries for one that fits."
        )
    if segment == segments.REST and certificate.excluded != segments.excluded(settings):
        return None, (
            "The settings changed which categories the agent answers; the certificate speaks of others: "
            "`ticketflow certify` tries anew."
        )
    return certificate, None


def _asked_now(settings: Settings, refusal: Certificate) -> bool:
    return abs(refusal.alpha - segments.alpha_of(settings, refusal.segment)) < 1e-9


def _threshold(
    known: Experience, segment: str, certificate: Certificate, watch: Watch
) -> tuple[float | None, str | None]:
    """The certified threshold, made stricter where the watch has reason to."""
    threshold = certificate.threshold
    if watch.stage is Stage.AMBER:
        threshold = certificate.stricter
        if threshold is None:
            return None, "The watch asks for a stricter threshold, and none is proven: " + " ".join(watch.reasons)
    guard, reason = _novelty_guard(known, segment, certificate, watch)
    if reason is not None or threshold is None or guard is None:
        return (None, reason) if reason is not None else (threshold, None)
    return max(threshold, guard), None


def _novelty_guard(
    known: Experience, segment: str, certificate: Certificate, watch: Watch
) -> tuple[float | None, str | None]:
    """The least confidence that suits the share of tickets no answer fits, or why there is none; None, None if moot.

    A history of answered tickets cannot show how often live ones fit no answer. Until audits have, the threshold also
    has to serve the share that is expected, or estimated from what arrives.
    """
    trained, expected = known.trained, known.settings.novelty_share
    novel = expected if watch.novel_share is None else watch.novel_share
    if trained is None or not 0 <= novel < 1:
        return None, None
    if certificate.source != HISTORY and novel <= trained.novel_share + MORE_NOVEL:
        return None, None
    wary = trained.threshold(segments.alpha_of(known.settings, segment), novel)
    if wary.value is None:
        return None, f"About {novel:.0%} of the tickets are expected to fit no answer. {wary.reason}"
    return wary.value, None


def _level_objection(level: Level, category: str | None) -> str | None:
    if level is Level.ASSIST:
        return "The agent may only assist here: a person sends the reply."
    if level is Level.OFF:
        return "The agent is switched off" + (f" for {category!r}." if category else ".")
    return None
