"""A customer whose every field holds a mark that stands nowhere else, and the search for its bytes in files."""

import base64
import json
from pathlib import Path

from agent_harness import Company
from sqlalchemy import insert, select

from ticketflow.agent import erasing, learn
from ticketflow.clock import new_id
from ticketflow.db.tables import (
    attachment,
    attachment_part,
    event,
    intake_item,
    intake_source,
    run,
    step_output,
    ticket_link,
    ticket_tag,
    webhook_delivery,
    webhook_endpoint,
)
from ticketflow.domain import Author, ChunkKind
from ticketflow.retrieval.chunks import Source, prepare, replace
from ticketflow.store import artefacts, audit, cases, exports, tickets
from ticketflow.store import idempotency as remembered
from ticketflow.store.feedback import NewFeedback
from ticketflow.store.tickets import NewTicket

MARK = "Zyqxanthippe"
CORE = "yqxanthip"
"""What is left of the mark where words are stemmed, and where a list keeps only what differs from the last word."""
EMAIL = f"ana.{MARK}@example.org"


def forms(mark: str) -> set[bytes]:
    """The byte strings that would give the mark away: in capitals, UTF-16, escapes, hex and base64."""
    found: set[bytes] = set()
    for text in {mark, mark.lower(), mark.upper()}:
        plain = text.encode()
        wide = text.encode("utf-16-le")
        escaped = "".join(f"\\u{ord(letter):04x}" for letter in text).encode()
        found |= {plain, wide, text.encode("utf-16-be"), escaped}
        for binary in (plain, wide):
            found |= {binary.hex().encode(), binary.hex().upper().encode()}
            for shift in range(3):  # base64 of the mark depends on where in a group of three it begins
                whole = base64.b64encode(b"\0" * shift + binary)
                found.add(whole[4 if shift else 0 : len(whole) // 4 * 4 - 4])
    return found


def traces(folder: Path, mark: str = CORE) -> list[str]:
    """Where in the files of a folder a form of the mark stands."""
    found: list[str] = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            found += [f"{path.name}: {form!r} at {content.find(form)}" for form in forms(mark) if form in content]
    return found


def marked(number: int) -> NewTicket:
    """A ticket of the customer."""
    return NewTicket(
        subject=f"Password {MARK} subject {number}",
        body=f"Good day, I forgot my password and the reset link has expired. {MARK} body ñandú {MARK}{number}.",
        external_id=f"{MARK}-{number}",
        requester_name=f"{MARK} Pérez",
        requester_email=EMAIL,
        tags=[f"tag-{MARK}"],
        headers={"subject": f"{MARK} header", "x-name": f"=?utf-8?b?{MARK}?="},
    )


def plant(company: Company, count: int) -> list[str]:
    """Tickets of the customer, worked off, with a mark in everything that can hang on one; their ids."""
    ids: list[str] = []
    for number in range(count):
        made = company.handle(marked(number))
        ids.append(made.id)
        company.say(made.id, f"It still fails, says {MARK} again")
        company.work()
        hang(company, made.id, number)
    return ids


def hang(company: Company, ticket_id: str, number: int) -> None:
    """Notes, feedback, attachments, tags, links and all other rows that name or quote a ticket."""
    workspace_id, now = company.id, company.clock.now()
    own = {"workspace_id": workspace_id}
    said = NewFeedback(kind="right", note=f"{MARK} was glad")  # type: ignore[arg-type]  # makes a case of the ticket
    with company.database.write() as session:
        tickets.add_message(
            session, workspace_id, ticket_id, author=Author.USER, body=f"{MARK} called", author_name=MARK, internal=True
        )
        learn.give_feedback(session, workspace_id, ticket_id, said, "eve")
        file_id, other = new_id(), new_id()
        session.execute(
            insert(attachment).values(
                **own,
                id=file_id,
                ticket_id=ticket_id,
                name=f"{MARK}.txt",
                media_type="text/plain",
                size=40_000,
                digest="0" * 64,
                created_by="test",
                created_at=now,
            )
        )
        for ordinal in range(2):
            data = f"{MARK} attached ".encode() * 1_500
            session.execute(insert(attachment_part).values(**own, attachment_id=file_id, ordinal=ordinal, data=data))
        session.insert_once(ticket_tag, {**own, "ticket_id": ticket_id, "tag": f"tag-{MARK}"})
        link = {**own, "ticket_id": ticket_id, "other_id": other, "kind": "related", "created_by": "eve"}
        session.execute(insert(ticket_link).values(**link, created_at=now))
        audit.record(session, workspace_id, "eve", "ticket.changed", ticket_id, before={"email": EMAIL})
        remembered.begin(session, workspace_id, "key", f"k{number}", "0" * 64)
        body = json.dumps({"ticket": {"id": ticket_id, "subject": MARK}}).encode()
        remembered.finish(session, workspace_id, "key", f"k{number}", 202, {}, body)
    _integrate(company, ticket_id, number)


def _integrate(company: Company, ticket_id: str, number: int) -> None:
    """A delivery from elsewhere, and one of ours of an event of the ticket."""
    now, own = company.clock.now(), {"workspace_id": company.id}
    stamped = {"version": 1, "created_at": now, "updated_at": now}
    with company.database.write() as session:
        source = {**own, "id": "source", "slug": "shop", "name": "Shop", "mapping": {}, "state": "active", **stamped}
        session.insert_once(intake_source, source)
        item = {"intake_source_id": "source", "delivery_id": f"{MARK}-{number}", "ticket_id": ticket_id}
        session.execute(insert(intake_item).values(**own, **item, created_at=now))
        endpoint = {"id": "endpoint", "url": "https://example.org", "description": "", "types": [], "state": "active"}
        session.insert_once(
            webhook_endpoint,
            {**own, **endpoint, **stamped, "reason": None, "failing_since": None, "position": 0},
        )
        told = select(event.c.seq).where(event.c.workspace_id == company.id, event.c.ticket_id == ticket_id)
        seq, run_id = session.execute(told.limit(1)).scalar_one(), new_id()
        made = {"id": run_id, "ticket_id": "", "trigger_id": f"hook:{run_id}", "workflow": "deliver", "step": "send"}
        counters = {"version": 1, "state": "succeeded", "fence": 1, "attempt": 1, "due_at": now}
        times = {"created_at": now, "updated_at": now}
        session.execute(insert(run).values(**own, **made, **counters, **times, payload={"mark": MARK}, error=MARK))
        step = {"run_id": run_id, "step": "send", "ordinal": 0, "version": "1", "duration_us": 1, "created_at": now}
        session.execute(insert(step_output).values(**own, **step, input={}, output={"body": MARK}))
        earlier = {"id": new_id(), "ticket_id": "", "trigger_id": f"endpoint:{run_id}:1", "workflow": "deliver"}
        refused = {"payload": {}, "error": f"The endpoint said: {MARK}", "step": "send"}
        session.execute(insert(run).values(**own, **earlier, **counters, **times, **refused))
        delivery = {"id": run_id, "webhook_endpoint_id": "endpoint", "seq": seq, "type": "ticket.created"}
        failed = {"run_id": run_id, "state": "failed", "attempts": 1, "status": 500, "error": f"said {MARK}"}
        session.execute(insert(webhook_delivery).values(**own, **delivery, **failed, next_at=None, **times))


def imported(company: Company) -> None:
    """A case of another system in which the customer's address stands."""
    body = f"Regards, {MARK}, reach me at {EMAIL.upper()}"
    new = cases.NewCase(body=body, content_hash="0" * 64, resolved_at=company.clock.now())
    workspace = company.workspace
    with company.database.write() as session:
        (made,) = cases.add_many(session, workspace.id, [new])
    prepared = prepare(company.deps.encoder, [Source(ChunkKind.CASE, made.id, "", body)])
    with company.database.write() as session:
        replace(session, workspace, prepared)
        artefacts.put(session, workspace.id, exports.KIND, "1", {}, {"mark": MARK})


def erase(company: Company, email: str = EMAIL) -> str:
    """Queue the erasure of the customer; the run's id."""
    with company.database.write() as session:
        found = erasing.find(session, company.id, email, None)
        return erasing.begin(session, company.id, found, "eve")
