"""A small company as a release leaves it: set up through the product, its last runs in every state that there is.

What is written here has to run on the release that is to be kept and on no other.
"""

import json
import random
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import update

from ticketflow.agent import learn, pipeline
from ticketflow.clock import DAY, SystemClock
from ticketflow.config import Config
from ticketflow.db import Session
from ticketflow.db.tables import run as run_table
from ticketflow.domain import Author, FeedbackKind
from ticketflow.knowledge import publishing
from ticketflow.runtime import Runtime, build
from ticketflow.store import answers, settings, tickets
from ticketflow.store.articles import NewArticle
from ticketflow.store.feedback import NewFeedback
from ticketflow.testing import FrozenClock
from ticketflow.workflow import queue
from ticketflow.workflow.runner import Runner

TOPICS = {
    "password": ("Choose a new one at /reset.", ("I cannot sign in", "My password fails", "The login refuses me")),
    "lid": ("A new lid is on its way.", ("The lid of my kettle broke", "The lid does not close", "It has no lid")),
    "invoice": ("It is under 'Orders'.", ("I need an invoice", "Where is my bill?", "Send the invoice again")),
}
DETAILS = ("since Monday", "again", "after the update", "— 東京", "für das Büro", "and nobody answers", "today 🙂", "")
NEW = {
    "answered-right": "The lid broke again",
    "answered-wrong": "My password fails 🙂",
    "answered-asks-again": "Please send the invoice",
    "handed-over": "Do you hire elephants on Sundays?",
}
LEASE_SECONDS, ATTEMPTS = 30, 5


class Died(BaseException):
    """The worker ends here, and nobody tidies up after it."""


def make(home: Path) -> None:
    """The company's database, in this folder."""
    _set_up(home)
    clock = FrozenClock(SystemClock().now())
    company = _Company(build(Config(home=home), clock=clock), clock)
    company.leave_runs()
    company.say_things()
    company.close()


def _set_up(home: Path) -> None:
    """A history, what was learned of it, and tickets that were answered and handed over."""
    topics = [
        (label, reply, f"{words} {detail}")
        for label, (reply, some) in TOPICS.items()
        for words in some
        for detail in DETAILS
    ]
    cases = [
        {"id": f"old-{number}", "text": text, "answer": label, "reply": reply, "topic": label}
        for number, (label, reply, text) in enumerate(topics)
    ]
    _command(home, "db", "upgrade")
    _set_rules(home)
    columns = ["--text", "text", "--answer", "answer", "--resolution", "reply", "--category", "topic", "--id", "id"]
    _command(home, "import", _lines(home, "cases.jsonl", cases), *columns, "--approve-answers")
    _command(home, "key", "create", "help-desk", "--scope", "tickets:read", "--expires", "90d")
    if _known("experiment"):
        sides = ("--control", "learned", "--treatment", "similarity=1,lexical=0.4", "--share", "0.01")
        _command(home, "experiment", "start", "words", "--factor", "fusion", *sides)
    new = [{"id": name, "text": words} for name, words in NEW.items()]
    _command(home, "process", _lines(home, "new.jsonl", new), "--text", "text", "--id", "id")


def _set_rules(home: Path) -> None:
    """What a history as small as this can prove, so that tickets are answered; every decision goes to the graders."""
    wanted = {
        "max_wrong": 0.15,
        "certainty": 0.7,
        "audit_share": 1.0,
        "teams": {"lid": "workshop"},
        "refit_after": 10_000,
    }
    built = build(Config(home=home))
    workspace = built.workspace()
    with built.database.write() as session:
        known = {name: value for name, value in wanted.items() if name in settings.Settings.model_fields}
        settings.put(session, workspace.id, known, "ana")
    built.close()


class _Company:
    def __init__(self, built: Runtime, clock: FrozenClock) -> None:
        self._built = built
        self._clock = clock
        self._database = built.database
        self._workspace_id = built.workspace().id

    def close(self) -> None:
        self._built.close()

    def leave_runs(self) -> None:
        """The runs that an upgrade may find: what each went through is its ticket's name."""
        self._accept("given-up", "Is my parcel lost?")
        for _ in range(ATTEMPTS):
            self._work(_failing("before:search"))
            self._clock.advance(300)
        self._accept("died-at-every-attempt", "The lid is too small")
        for _ in range(ATTEMPTS):
            self._clock.advance(LEASE_SECONDS + 1)
            self._work(_dying("claimed"))
        for name, point in (
            ("died-when-claimed", "claimed"),
            ("died-while-deciding", "computed:decide"),
            ("died-while-committing", "in_commit:execute"),
        ):
            self._accept(name, "The lid of my kettle broke 🙂")
            self._work(_dying(point))
        with self._database.write() as session:
            learn.queue_refit(session, self._workspace_id)
        self._work(_dying("before:refit"), "refit")
        self._accept("failed-once", "I cannot sign in — 東京")
        self._work(_failing("before:search"))
        self._accept("parked-for-a-day", "Where is my bill?", later_us=DAY)
        cancelled = self._accept("cancelled", "Never mind")
        with self._database.write() as session:
            queue.cancel(session, self._workspace_id, cancelled)
        self._accept("never-claimed", "Send the invoice again, 請")

    def say_things(self) -> None:
        """Articles, and what people make of the tickets that were answered."""
        article = NewArticle(title="Lids — 蓋子", body="Every lid fits. " * 200, external_id="lids", category="lid")
        database, encoder, workspace_id = self._database, self._built.encoder, self._workspace_id
        made = publishing.save_article(database, encoder, workspace_id, article, "ana")
        publishing.revise_article(database, encoder, workspace_id, made.id, article, "ben", made.version)
        with database.write() as session:
            lid = answers.by_labels(session, workspace_id, ["lid"])["lid"]
            right, wrong = (
                NewFeedback(kind=FeedbackKind.RIGHT),
                NewFeedback(kind=FeedbackKind.WRONG, answer_id=lid.id, note="東京, 'quoted'"),
            )
            learn.give_feedback(session, workspace_id, self._ticket(session, "answered-right").id, right, "ana")
            learn.give_feedback(session, workspace_id, self._ticket(session, "answered-wrong").id, wrong, "ben")
            asking = self._ticket(session, "answered-asks-again")
            said = tickets.add_message(
                session, workspace_id, asking.id, author=Author.REQUESTER, body="Now the lid broke"
            )
            pipeline.run_again(session, asking, trigger_id=said)

    def _ticket(self, session: Session, name: str) -> tickets.Ticket:
        found = tickets.by_external_id(session, self._workspace_id, name)
        assert found is not None, name
        return found

    def _accept(self, name: str, words: str, later_us: int = 0) -> str:
        self._clock.advance(0.001)
        with self._database.write() as session:
            new = tickets.NewTicket(external_id=name, subject="", body=words, requester_name="Zoë 李 🙂")
            _, run_id = pipeline.start(session, self._workspace_id, new)
            session.execute(update(run_table).where(run_table.c.id == run_id).values(due_at=session.now + later_us))
        return run_id

    def _work(self, checkpoint: Callable[[str], None], workflow: str = "ticket") -> None:
        """Claim the one run that is due, and do with it what the checkpoint says."""
        runner = Runner(
            self._database,
            self._built.deps,
            [pipeline.TICKET_WORKFLOW, learn.REFIT_WORKFLOW],
            lease_seconds=LEASE_SECONDS,
            max_attempts=ATTEMPTS,
            rng=random.Random(7),
            checkpoint=checkpoint,
        )
        with suppress(Died):
            assert runner.run_one([workflow])


def _dying(at: str) -> Callable[[str], None]:
    def reached(point: str) -> None:
        if point == at:
            raise Died

    return reached


def _failing(at: str) -> Callable[[str], None]:
    def reached(point: str) -> None:
        if point == at:
            raise RuntimeError("the index was away")

    return reached


def _known(command: str) -> bool:
    return subprocess.run([sys.executable, "-m", "ticketflow", command, "--help"], capture_output=True).returncode == 0


def _command(home: Path, *arguments: str) -> None:
    """A command of the release that is to be kept."""
    command = [sys.executable, "-m", "ticketflow", *arguments, "--home", "."]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed: {done.stdout}{done.stderr}")


def _lines(home: Path, name: str, rows: list[dict[str, Any]]) -> str:
    """A JSONL file of the rows in the folder; its name, since paths are remembered."""
    (home / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return name
