"""Makes the sample company's workspace: answers, history, what is learned from them, its certificate and backtest.

Safe to run again: what is there stays.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from ticketflow.agent import learn
from ticketflow.agent.deps import Deps
from ticketflow.agent.permission import standing
from ticketflow.backtest import running
from ticketflow.backtest.report import page
from ticketflow.backtest.result import Request
from ticketflow.clock import new_id
from ticketflow.demo import company
from ticketflow.demo.company import Arrival
from ticketflow.domain import Value, Workspace
from ticketflow.knowledge import importing, publishing
from ticketflow.knowledge.mapping import Mapping
from ticketflow.learning.refitting import DECISION
from ticketflow.store import answers, artefacts, cases
from ticketflow.store.tickets import NewTicket

MAPPING = Mapping(
    subject="subject",
    body="body",
    answer="answer",
    category="category",
    priority="priority",
    language="language",
    created_at="created_at",
    id="id",
)

Progress = Callable[[float, str], None]


class Ready(Value):
    """What the company knows once it is set up."""

    answers: int
    cases: int
    standing: str

    def sentence(self) -> str:
        """What a person wants to know, the proof of automatic replies included."""
        return f"{self.cases:,} resolved tickets and {self.answers} approved answers are known. {self.standing}"


def is_ready(deps: Deps, workspace: Workspace) -> bool:
    """Whether `prepare` has been through."""
    with deps.database.read() as session:
        return artefacts.active(session, workspace.id, DECISION) is not None


def prepare(deps: Deps, workspace: Workspace, report: Path, progress: Progress) -> Ready:
    """Bring in the answers and the history, learn from them, and write the `report` of a backtest.

    What was done before is not done again.
    """
    progress(0.02, "Publishing the answers")
    with deps.database.read() as session:
        known = answers.by_labels(session, workspace.id, [new.label for new in company.answers()])
    for new in company.answers():
        if new.label not in known:
            publishing.save_answer(deps.database, deps.encoder, workspace.id, new, author="demo")

    def imported(share: float, _doing: str) -> None:
        progress(0.1 + 0.3 * share, "Importing resolved tickets")

    importing.import_history(deps, workspace, company.HISTORY, MAPPING, progress=imported)
    if not is_ready(deps, workspace):
        learn.refit(deps, workspace.id, lambda share, doing: progress(0.4 + 0.4 * share, doing.capitalize()))
    if not report.exists():
        _backtest(deps, report, lambda share, _doing: progress(0.8 + 0.2 * share, "Backtesting the history"))
    progress(1.0, "Ready")
    told = standing(deps.experience.get(workspace.id))
    with deps.database.read() as session:
        known = len(answers.every(session, workspace.id))
        return Ready(answers=known, cases=cases.count(session, workspace.id), standing=told)


def _backtest(deps: Deps, report: Path, progress: Progress) -> None:
    """The whole way over the history alone: learn on its first part, certify on the middle, test on the last."""
    found = running.run(company.HISTORY, MAPPING, Request(), deps.encoder, progress)
    draft = report.with_suffix(".part")
    draft.write_text(page(found, deps.clock.now()), encoding="utf-8")
    draft.replace(report)


def renamed(arrivals: Sequence[Arrival]) -> list[Arrival]:
    """The same tickets with external ids of this run, so that a second demo decides them anew."""
    prefix = new_id()[-6:]

    def fresh(ticket: NewTicket) -> NewTicket:
        return ticket.model_copy(update={"external_id": f"{ticket.external_id}-{prefix}"})

    return [arrival.model_copy(update={"ticket": fresh(arrival.ticket)}) for arrival in arrivals]
