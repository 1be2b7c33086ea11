"""Certificates: what was proven, and the next try."""

from typing import Annotated

from fastapi import Query

from ticketflow.api import paging
from ticketflow.api.documented import fails
from ticketflow.api.guard import Calling, needs, router
from ticketflow.api.proofs import prove_now
from ticketflow.api.schemas.certificates import (
    CertificateOut,
    CertificatePage,
    CertificateQuery,
    ProveIn,
    VerdictsOut,
)
from ticketflow.api.scopes import Scope
from ticketflow.store import certificates

routes = router("Certificates")


@routes.post("/certificates", status_code=201, summary="Try for a certificate", responses=fails(409))
@needs(Scope.SETTINGS_WRITE)
def prove(calling: Calling, body: ProveIn) -> VerdictsOut:
    """Look at the graded tickets now, and say for each segment what they prove. A refusal is an answer as well: it says
    what is missing.

    Each look costs a part of the certainty, the next always less likely to prove anything from the same tickets. So
    ask when many have been graded since the last look; the product looks by itself as soon as that is promising.
    """
    made = prove_now(calling.runtime, calling.workspace_id, body.segment)
    return VerdictsOut(items=[CertificateOut.of(one) for one in made])


@routes.get("/certificates", summary="List certificates")
@needs(Scope.SETTINGS_READ)
def list_certificates(calling: Calling, query: Annotated[CertificateQuery, Query()]) -> CertificatePage:
    """Certificates and refusals, newest first, those that have ended included."""
    before = paging.position(calling, "certificates", query)
    with calling.runtime.database.read() as session:
        found = certificates.page(
            session, calling.workspace_id, before=before[1] if before else None, limit=query.limit + 1
        )
    items, cursor = paging.cut(calling, "certificates", query, found, lambda last: (last.created_at, last.id))
    return CertificatePage(items=[CertificateOut.of(one) for one in items], next_cursor=cursor)


@routes.get("/certificates/{certificate_id}", summary="Read a certificate", responses=fails(404))
@needs(Scope.SETTINGS_READ)
def read_certificate(calling: Calling, certificate_id: str) -> CertificateOut:
    """A certificate or refusal; `statement` says what it covers and what it does not."""
    with calling.runtime.database.read() as session:
        return CertificateOut.of(certificates.get(session, calling.workspace_id, certificate_id))
