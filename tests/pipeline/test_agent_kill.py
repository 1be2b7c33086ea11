"""The agent's own pipeline under SIGKILL, at every point that a run passes: each ticket is finished exactly once."""

import json
import signal
from collections import Counter
from pathlib import Path

import agent_harness
from agent_harness import CLEAR, NOVEL, Company
from agent_worker import LEASE_SECONDS, kill_each, work_off
from kill_harness import exit_code, start
from sqlalchemy import func, select

from ticketflow.clock import SystemClock
from ticketflow.db.tables import answer, chunk, decision, effect, event, message, run, step_output
from ticketflow.domain import ChunkKind

ARRIVALS = (CLEAR, NOVEL, CLEAR)


def opened(folder: Path) -> tuple[Company, list[str]]:
    """A company that has learned, with tickets that wait."""
    folder.mkdir()
    company = Company(folder, agent_harness.made(agent_harness.teach), clock=SystemClock())
    return company, [company.open(new)[0].id for new in ARRIVALS]


def every_point(folder: Path) -> list[str]:
    """The points that a ticket's run passes, as it reports them itself."""
    company, _ = opened(folder)
    reached: list[str] = []
    assert company.runner(reached.append).run_one()
    company.close()
    return reached


def findings(company: Company, ticket_ids: list[str]) -> list[str]:
    """What is not as it would be had nobody been killed."""
    found: list[str] = []

    def expect(what: str, was: object, wanted: object) -> None:
        if was != wanted:
            found.append(f"{what}: {was}, not {wanted}")

    with company.database.read() as session:

        def count(table: object, *wanted: object) -> dict[str, int]:
            column = table.c.ticket_id  # type: ignore[attr-defined]
            rows = session.execute(select(column, func.count()).where(*wanted).group_by(column))  # type: ignore[arg-type]
            return {str(ticket_id): int(number) for ticket_id, number in rows if ticket_id}

        once = dict.fromkeys(ticket_ids, 1)
        expect("decisions", count(decision), once)
        expect("effects", count(effect), once)
        expect("messages of the agent", count(message, message.c.author == "agent"), once)
        expect("runs that succeeded", count(run, run.c.state == "succeeded"), once)
        steps = session.execute(
            select(run.c.ticket_id, step_output.c.step).join(run, run.c.id == step_output.c.run_id)
        ).all()
        names = ("ingest", "search", "analyze", "consult", "decide", "draft", "execute")
        expect("steps", Counter(map(tuple, steps)), Counter((each, name) for each in ticket_ids for name in names))
        used = session.execute(select(func.sum(answer.c.used))).scalar_one()
        kinds: dict[str, list[str]] = {each: [] for each in ticket_ids}
        for row in session.execute(select(event.c.ticket_id, event.c.type).order_by(event.c.seq)):
            if row.ticket_id:
                kinds[row.ticket_id].append(row.type)
        indexed = session.execute(
            select(chunk.c.source_id, chunk.c.status).where(chunk.c.kind == int(ChunkKind.TICKET))
        ).all()
    statuses = {each: company.ticket(each).status.value for each in ticket_ids}
    expect("statuses", list(statuses.values()), ["resolved", "escalated", "resolved"])
    expect("uses of answers", used, 2)
    expect("replies", [len(company.replies(each)) for each in ticket_ids], [1, 0, 1])
    for each in ticket_ids:
        expect("events", kinds[each], ["ticket.created", "decision.made", f"ticket.{statuses[each]}"])
    expect("chunks", {row.source_id: row.status for row in indexed}, statuses)
    return found


def test_killed_at_any_point_every_ticket_is_finished_once(tmp_path: Path) -> None:
    points = every_point(tmp_path / "points")
    assert len(points) == len(set(points)) == 23, points
    scenes = [opened(tmp_path / f"case-{place}") for place in range(len(points))]
    cases = [
        (str(company.folder), point, 1 + place % len(ARRIVALS))
        for place, (point, (company, _)) in enumerate(zip(points, scenes, strict=True))
    ]
    assert exit_code(start(kill_each, cases, str(tmp_path / "codes")), 60) == 0
    assert json.loads((tmp_path / "codes").read_text()) == [-signal.SIGKILL] * len(points)
    found: list[str] = []
    for point, (company, ticket_ids) in zip(points, scenes, strict=True):
        restarted = company.runner(lambda _point: None, lease_seconds=LEASE_SECONDS)
        work_off(company, restarted)
        found += [f"{point}: {each}" for each in findings(company, ticket_ids)]
        company.close()
    assert found == []
