"""How automation stands, gathered for people: levels, proofs, the watch and the audit, segment by segment."""

from ticketflow.agent import segments
from ticketflow.agent.experience import Experience
from ticketflow.agent.permission import permit, standing
from ticketflow.agent.remembering import with_rules
from ticketflow.api.schemas.automation import (
    AuditCountsOut,
    AutomationOut,
    CategoryOut,
    ProofOut,
    SegmentOut,
    WatchOut,
)
from ticketflow.learning.watching import LIMIT
from ticketflow.runtime import Runtime
from ticketflow.store import audits
from ticketflow.store.certificates import Certificate
from ticketflow.store.watches import Watch


def overview(runtime: Runtime, workspace_id: str) -> AutomationOut:
    """How automation stands now. Call with no transaction open."""
    held = runtime.deps.experience.get(workspace_id)
    with runtime.database.read() as session:
        known = with_rules(session, held)  # who has just changed a setting wants to see it
        counts = audits.counts(session, workspace_id)
    rules = known.settings
    return AutomationOut(
        sentence=standing(known),
        automation=rules.automation,
        level=rules.level,
        version=known.version,
        segments=[_segment(known, one) for one in segments.segments(rules)],
        categories=_categories(known),
        audits=AuditCountsOut.model_validate(counts),
    )


def _segment(known: Experience, segment: str) -> SegmentOut:
    allowed = permit(known, segment or None)
    certificate, refusal = known.certificates.get(segment), known.refusals.get(segment)
    return SegmentOut(
        segment=segment,
        level=allowed.level,
        stage=allowed.stage,
        threshold=allowed.threshold,
        objections=list(allowed.objections),
        max_wrong=segments.alpha_of(known.settings, segment),
        certainty=known.settings.certainty,
        certificate=_proof(certificate) if certificate is not None else None,
        refusal=refusal.reason if refusal is not None else None,
        watch=_watch(known.watches.get(segment, Watch())),
    )


def _proof(made: Certificate) -> ProofOut:
    same = made.model_dump(include=set(ProofOut.model_fields))
    return ProofOut.model_validate({**same, "max_wrong": made.alpha, "certainty": round(1 - made.delta, 9)})


def _watch(now: Watch) -> WatchOut:
    return WatchOut(
        suspicion=now.suspicion / LIMIT,
        audits=now.audits,
        novel_share=now.novel_share,
        reasons=now.reasons,
        since=now.since or None,
        looked_at=now.looked_at or None,
    )


def _categories(known: Experience) -> list[CategoryOut]:
    rules = known.settings
    named = {*rules.levels, *rules.category_max_wrong, *rules.sensitive}
    return [
        CategoryOut(
            category=category,
            level=permit(known, category).level,
            sensitive=segments.sensitive(rules, category),
            segment=segments.segment_of(rules, category),
        )
        for category in sorted(named)
    ]
