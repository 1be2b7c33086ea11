"""An erasure whose process is killed at any of its commits: whoever goes on ends it, and nothing is left."""

import signal
from pathlib import Path

import agent_harness
from agent_harness import Company
from erase_harness import CORE, erase, imported, plant, traces
from erase_worker import kill_each
from kill_harness import exit_code, start
from sqlalchemy import event as engine_event
from sqlalchemy import select

import databases
from ticketflow.agent.erasing import ERASE
from ticketflow.db.tables import metadata

EVERY = 3  # a third of them: one that goes wrong makes its neighbours go wrong as well


def prepared(folder: Path) -> bytes:
    """A company with a customer who is to be erased."""
    company = Company(folder, agent_harness.made(agent_harness.teach))
    company.set(refit_after=1_000_000)
    imported(company)
    plant(company, 1)
    erase(company)
    company.close()
    content = databases.read(folder / "agent.db")
    databases.give_back(folder / "agent.db")
    return content


def commits(folder: Path, content: bytes) -> int:
    """How many an erasure makes that nobody kills."""
    company, seen = Company(folder, content), list[bool]()
    engine_event.listen(
        company.database.engine, "commit", lambda one: seen.append(one.get_execution_options().get("writes", True))
    )
    assert company.runtime.runner.run_one([ERASE])
    company.close()
    return sum(seen)


def test_killed_at_any_commit_an_erasure_is_ended_by_the_next_worker(tmp_path: Path) -> None:
    for name in ("made", "whole"):
        (tmp_path / name).mkdir()
    content = prepared(tmp_path / "made")
    count = commits(tmp_path / "whole", content)
    assert count > 12
    cases: list[tuple[str, int]] = []
    for number in range(2, count + 1, EVERY):  # the first commit is the claim
        folder = tmp_path / f"case-{number}"
        folder.mkdir()
        Company(folder, content).close()
        cases.append((str(folder), number))
    assert exit_code(start(kill_each, cases, str(tmp_path / "codes")), 100) == 0
    assert (tmp_path / "codes").read_text().split() == [str(-signal.SIGKILL)] * len(cases)
    found: list[str] = []
    for folder, number in cases:
        company = Company(Path(folder))
        company.clock.advance(3_600)
        company.work()
        with company.database.read() as session:
            tables = [table.name for table in metadata.sorted_tables if holds(session.execute(select(table)).all())]
        told = [one.data["counts"]["tickets"] for one in company.events() if one.type == "data.erased"]
        company.close()
        left = traces(Path(folder)) if databases.SERVER is None else []
        if tables or left or told != [1]:
            found.append(f"killed at commit {number}: {tables} {left}, told {told}")
    assert found == []


def holds(rows: object) -> bool:
    return CORE in repr(rows).lower()
