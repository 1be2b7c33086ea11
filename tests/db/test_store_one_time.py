"""A token opens once, in time, what it was made for."""

from ticketflow.clock import SECOND
from ticketflow.db import Database
from ticketflow.store import one_time, workspaces
from ticketflow.testing import FrozenClock

MINUTE = 60 * SECOND


def issued(database: Database, purpose: str = "sign-in", lifetime: int = MINUTE) -> str:
    with database.write() as session:
        return one_time.issue(session, workspaces.ensure(session, "acme").id, purpose, {"person": "p1"}, lifetime)


def advance(database: Database, seconds: float) -> None:
    assert isinstance(database.clock, FrozenClock)
    database.clock.advance(seconds)


def redeemed(database: Database, purpose: str, text: str) -> one_time.OneTime | None:
    with database.write() as session:
        return one_time.redeem(session, purpose, text)


def test_a_token_opens_once(database: Database) -> None:
    text = issued(database)
    opened = redeemed(database, "sign-in", text)
    assert opened is not None
    assert opened.subject == {"person": "p1"}
    assert redeemed(database, "sign-in", text) is None


def test_it_opens_nothing_else_nothing_late_and_nothing_made_up(database: Database) -> None:
    text = issued(database)
    assert redeemed(database, "stream", text) is None
    assert redeemed(database, "sign-in", f"{text}x") is None
    advance(database, 61)
    assert redeemed(database, "sign-in", text) is None


def test_old_tokens_go(database: Database) -> None:
    issued(database)
    advance(database, 2 * 24 * 3600)
    text = issued(database)
    with database.read() as session:
        kept = session.execute(one_time.select(one_time.token.c.digest)).scalars().all()
    assert len(kept) == 1
    assert redeemed(database, "sign-in", text) is not None
