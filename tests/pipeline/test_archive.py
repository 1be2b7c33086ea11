"""A workspace out of one database and into another: the same bytes, and learning goes on there."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import agent_harness
import pytest
from agent_harness import CLEAR, NOVEL, Company
from erase_harness import hang
from sqlalchemy import select

from ticketflow.agent import exporting
from ticketflow.archive import restoring, targets, writing
from ticketflow.archive.kinds import KINDS
from ticketflow.db.tables import channel, person, webhook_endpoint
from ticketflow.errors import Conflict, InvalidFile
from ticketflow.knowledge import publishing
from ticketflow.store import exports
from ticketflow.store.articles import NewArticle
from ticketflow.workflow import history


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    opened = Company(tmp_path, agent_harness.made(agent_harness.teach))
    opened.set(refit_after=1_000_000, audit_share=1.0)
    fill(opened)
    yield opened
    opened.close()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Company]:
    """Another installation, with nothing in it."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    opened = Company(folder, agent_harness.made(agent_harness.nothing))
    yield opened
    opened.close()


def fill(company: Company) -> None:
    """Something of every kind."""
    solved, open_one = company.handle(CLEAR), company.handle(NOVEL)
    hang(company, open_one.id, 1)
    company.grade(solved.id, "right")
    encoder = company.deps.encoder
    new = NewArticle(title="Care", body="Rinse it twice.", status="published")  # type: ignore[arg-type]
    made = publishing.save_article(company.database, encoder, company.id, new, "eve")
    changed = new.model_copy(update={"body": "Rinse it three times."})
    publishing.revise_article(company.database, encoder, company.id, made.id, changed, "eve", 1)
    now, own = company.clock.now(), {"workspace_id": company.id}
    someone = {"id": "p1", "email": "eve@example.org", "name": "Eve", "role": "admin", "disabled_at": None}
    told = {"id": "c1", "kind": "slack", "name": "ops", "state": "enabled", "config": {"channel": "#ops"}, "types": []}
    with company.database.write() as session:
        session.execute(person.insert().values(**own, **someone, created_at=now))
        stamped = {"position": 7, "version": 1, "created_at": now, "updated_at": now}
        session.execute(channel.insert().values(**own, **told, teams=[], quiet=None, **stamped))


def quiet(_share: float, _doing: str) -> None:
    pass


def packed(company: Company) -> bytes:
    """The workspace as a ZIP."""
    buffer = io.BytesIO()
    with company.database.read() as session:
        target = targets.Zip(buffer)
        writing.write(session, company.workspace, target, quiet)
        target.close()
    return buffer.getvalue()


def files(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def brought(company: Company, path: Path) -> restoring.Restored:
    with targets.origin_at(path) as origin:
        return restoring.restore(company.database, company.deps.encoder, company.workspace, origin, "eve", quiet)


def written(content: bytes, folder: Path) -> Path:
    path = folder / "archive.zip"
    path.write_bytes(content)
    return path


def test_out_and_in_and_out_again_gives_the_same_bytes_and_learning_goes_on(
    company: Company, elsewhere: Company, tmp_path: Path
) -> None:
    first = packed(company)
    assert brought(elsewhere, written(first, tmp_path)).counts["tickets"] == 2
    again = files(packed(elsewhere))
    before = files(first)
    manifests = [json.loads(one.pop("manifest.json")) for one in (before, again)]
    assert manifests[0]["files"] == manifests[1]["files"]
    assert before == again
    empty = {name for name, content in before.items() if not content}
    assert empty == set(), "every kind is tried"
    assert elsewhere.refit().in_force
    assert elsewhere.handle(CLEAR.model_copy(update={"external_id": "new"})).status == "resolved"


def test_the_same_workspace_twice_is_the_same_bytes(company: Company) -> None:
    assert packed(company) == packed(company)


def test_a_workspace_comes_into_another_one_of_the_same_database(company: Company, tmp_path: Path) -> None:
    content = packed(company)
    other = Company(tmp_path, slug="copy", clock=company.clock)
    brought(other, written(content, tmp_path))
    before, after = files(content), files(packed(other))
    assert [before.pop("manifest.json") == after.pop("manifest.json"), before == after] == [False, True]
    with other.database.read() as session:
        endpoint = session.execute(select(webhook_endpoint).where(webhook_endpoint.c.workspace_id == other.id)).one()
    assert endpoint.state == "disabled", "it has no secret yet"
    other.close()


def test_a_restore_that_was_cut_short_goes_on_and_a_second_one_does_nothing(
    company: Company, elsewhere: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = packed(company)
    path, seen = written(content, tmp_path), 0
    monkeypatch.setattr(restoring, "TOGETHER", 20)

    def stop(_share: float, doing: str) -> None:
        nonlocal seen
        seen += doing == "restoring cases"
        if seen == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), targets.origin_at(path) as origin:
        restoring.restore(elsewhere.database, elsewhere.deps.encoder, elsewhere.workspace, origin, "eve", stop)
    assert not brought(elsewhere, path).done_before
    before, after = files(content), files(packed(elsewhere))
    assert [before.pop("manifest.json") == after.pop("manifest.json"), before == after] == [False, True]
    assert brought(elsewhere, path).done_before


def test_a_workspace_that_has_something_is_refused(company: Company, tmp_path: Path) -> None:
    with pytest.raises(Conflict, match="not empty"):
        brought(company, written(packed(company), tmp_path))


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda kept: kept.update({"tickets.jsonl": kept["tickets.jsonl"] + b"{}\n"}), "SHA-256"),
        (lambda kept: kept.pop("cases.jsonl"), "holds no cases.jsonl"),
        (lambda kept: kept.update({"manifest.json": b"{}"}), "cannot be read"),
        (lambda kept: kept.update({"manifest.json": kept["manifest.json"].replace(b'"version":1', b'"version": 9', 1)
                                   .replace(b'"version": 1', b'"version": 9', 1)}), "format"),
    ],
)  # fmt: skip
def test_a_damaged_archive_is_refused_before_anything_is_written(
    company: Company, elsewhere: Company, tmp_path: Path, harm: Any, said: str
) -> None:
    kept = files(packed(company))
    harm(kept)
    path = tmp_path / "harmed.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in kept.items():
            archive.writestr(name, content)
    with pytest.raises(InvalidFile, match=said):
        brought(elsewhere, path)
    assert all(not content for name, content in files(packed(elsewhere)).items() if name == "tickets.jsonl")


def test_no_secret_and_no_session_is_in_an_archive() -> None:
    names = {kind.table.name for kind in KINDS}
    assert names.isdisjoint({"secret_value", "api_key", "browser_session", "one_time_token", "idempotency"})


def test_an_export_is_a_run_whose_content_is_removed_after_its_days(company: Company) -> None:
    with company.database.write() as session:
        export_id = exporting.begin(session, company.id, "eve")
    company.work()
    with company.database.read() as session:
        found = exports.find(session, company.id, export_id)
        assert found is not None
        content = exports.part(session, company.id, export_id, 0)
        assert history.get(session, company.id, export_id).state == "succeeded"
    assert len(content) == found.size
    assert len(files(content)["tickets.jsonl"].splitlines()) == found.counts["tickets"] == 2
    company.clock.advance(8 * 86_400)
    company.work()
    with company.database.read() as session:
        assert exports.find(session, company.id, export_id) is None


def test_samples_keep_their_grades(company: Company, elsewhere: Company, tmp_path: Path) -> None:
    brought(elsewhere, written(packed(company), tmp_path))
    grades = [json.loads(line) for line in files(packed(elsewhere))["grades.jsonl"].splitlines()]
    assert [one["grade"] for one in grades] == ["right", "right"]
