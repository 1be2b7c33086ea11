"""Erasing step by step, in transactions of their own, so that no writer waits for long. All may be done again."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from ticketflow.db import Database, Session
from ticketflow.erasure import aging, mentions, quotes, removing
from ticketflow.erasure.finding import parts

Writing = Callable[[], AbstractContextManager[Session]]
"""Opens a transaction; inside a run the one that extends its lease."""

CASES_TOGETHER = 100


def remove_tickets(writing: Writing, workspace_id: str, ticket_ids: Sequence[str]) -> None:
    """Remove tickets with all that hangs on them."""
    for part in parts(ticket_ids, removing.TOGETHER):
        with writing() as session:
            attached = removing.attachments_of(session, workspace_id, part)
        remove_attachments(writing, workspace_id, attached)
        with writing() as session:
            removing.tickets(session, workspace_id, part)


def remove_attachments(writing: Writing, workspace_id: str, attachment_ids: Sequence[str]) -> None:
    """Remove attachments, some megabytes at a time."""
    for part in parts(attachment_ids):
        more = True
        while more:
            with writing() as session:
                more = removing.attachment_parts(session, workspace_id, part)
        with writing() as session:
            removing.attachments(session, workspace_id, part)


def remove_cases(writing: Writing, workspace_id: str, case_ids: Sequence[str]) -> None:
    """Remove cases, and what search knows of them."""
    for part in parts(case_ids, CASES_TOGETHER):
        with writing() as session:
            removing.cases(session, workspace_id, part)


def blank_records(database: Database, workspace_id: str, ids: Sequence[str], cases: Sequence[str], since: int) -> None:
    """Take out what other records quote of tickets and cases; `since` is when the first of the cases was stored."""
    mentions.blank_answers(database, workspace_id, ids)
    mentions.blank_audit_log(database, workspace_id, ids)
    if cases:
        quotes.blank(database, workspace_id, cases, since)


def age_tickets(writing: Writing, workspace_id: str, before: int) -> list[str]:
    """Remove the tickets that were resolved before a moment (microseconds); their ids."""
    gone: list[str] = []
    while True:
        with writing() as session:
            old = aging.tickets(session, workspace_id, before)
        if not old:
            return gone
        remove_tickets(writing, workspace_id, old)
        gone += old


def age_attachments(writing: Writing, workspace_id: str, before: int) -> int:
    """Remove the attachments of before a moment; how many."""
    count = 0
    while True:
        with writing() as session:
            old = aging.attachments(session, workspace_id, before, removing.TOGETHER)
        if not old:
            return count
        remove_attachments(writing, workspace_id, old)
        count += len(old)


def age_steps(writing: Writing, workspace_id: str, before: int) -> int:
    """Remove the step outputs of runs of before a moment; of how many runs."""
    count = 0
    while True:
        with writing() as session:
            old = aging.runs(session, workspace_id, before)
            removing.steps(session, workspace_id, old)
        if not old:
            return count
        count += len(old)


def age_events(writing: Writing, workspace_id: str, before: int) -> int:
    """Remove the events of before a moment; how many."""
    count = 0
    while True:
        with writing() as session:
            gone = aging.events(session, workspace_id, before)
        if not gone:
            return count
        count += gone
