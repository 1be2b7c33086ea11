"""An import that is killed, runs out of disk or meets another import: every record ends up stored once."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from import_harness import Place, assert_whole, contents, open_place
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import select

import databases
from ticketflow.clock import SystemClock
from ticketflow.db.tables import imports
from ticketflow.errors import StorageUnavailable
from ticketflow.knowledge.importing import ImportReport

HARNESS = Path(__file__).with_name("import_harness.py")
RECORDS = 700
REJECTED = {5, 300, 600}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of several batches with rejects and repetitions in the first, a middle and the last of them."""
    path = tmp_path_factory.mktemp("source") / "history.csv"
    rows = [f"question number {n} about thing {n % 40},label {n % 90}" for n in range(RECORDS)]
    for place in REJECTED:
        rows[place] = ",nothing was asked"
    rows[650] = rows[10]
    path.write_text("\n".join(["text,label", *rows]) + "\n")
    return path


@pytest.fixture(scope="module")
def undisturbed(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    place = open_place(tmp_path_factory.mktemp("undisturbed") / "import.db")
    report = place.load(source, rejects_path=source.with_name("undisturbed.jsonl"))
    assert (report.read, report.added, report.duplicates, report.rejected) == (RECORDS, RECORDS - 4, 1, 3)
    found = contents(place)
    place.database.close()
    return found


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    opened = open_place(tmp_path / "import.db")
    yield opened
    opened.database.close()


@pytest.mark.parametrize(
    ("fault", "count"),
    [("embed", 1), ("chunks", 2), ("position", 2), ("position", 3), ("finish", 1)],
)
def test_a_killed_import_is_finished_by_the_same_command(
    tmp_path: Path, source: Path, undisturbed: dict[str, Any], fault: str, count: int
) -> None:
    path = tmp_path / "history.csv"
    path.write_bytes(source.read_bytes())
    command = [sys.executable, str(HARNESS), str(tmp_path / "import.db"), str(path), fault, str(count)]
    killed = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert killed.returncode == -9, killed.stderr
    place = open_place(tmp_path / "import.db")
    assert_whole(place)
    with place.database.read() as session:
        before = session.execute(select(imports.c.position)).scalar()
    report = place.load(path)
    assert contents(place) == undisturbed
    assert_whole(place)
    assert (report.read, report.duplicates, report.rejected) == (RECORDS, 1, 3)
    if fault == "finish":  # all was stored when it was killed, but for the rejects
        assert (report.already_imported, report.resumed_at, report.unchanged) == (True, 0, RECORDS - 4)
    else:
        assert (report.resumed_at, report.added, report.answers_added) == (before or 0, RECORDS - 4, 90)
    rejects = path.with_name("history.csv.rejects.jsonl").read_text().splitlines()
    assert len(rejects) == len(REJECTED), "those of the part that was stored before are there, too"
    assert sorted(item.name for item in tmp_path.iterdir() if "partial" in item.name) == []
    assert place.load(path).already_imported
    place.database.close()


def limit_pages(place: Place, pages: int | None) -> None:
    """A disk of so many more pages than are in use, for every connection that is made from now on."""

    def limited(connection: Any, _record: Any) -> None:
        used = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {used + pages if pages else 1 << 30}")

    place.database.engine.dispose()
    sqlalchemy_event.listen(place.database.engine, "connect", limited)


@databases.on_sqlite_only
def test_a_full_disk_stops_the_import_whole_and_it_goes_on_when_there_is_space(
    place: Place, source: Path, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    limit_pages(place, 90)
    with pytest.raises(StorageUnavailable) as told:
        place.load(source, rejects_path=tmp_path / "r.jsonl")
    assert_whole(place)
    with place.database.read() as session:
        position = session.execute(select(imports.c.position)).scalar_one()
    assert 0 < position < RECORDS, "the limit was meant to be met in the middle"
    assert str(told.value) == (
        f"The database's disk is full. {position:,} of {RECORDS:,} records of {source} are stored, and nothing is "
        "half-written. Free some space, then run the same command again: it goes on from there."
    )
    assert list(tmp_path.glob("r.jsonl*")) == []
    limit_pages(place, None)
    report = place.load(source, rejects_path=tmp_path / "r.jsonl")
    assert report.resumed_at == position
    assert contents(place) == undisturbed
    assert_whole(place)


@databases.on_sqlite_only
def test_a_disk_that_is_full_from_the_start_stores_nothing(place: Place, source: Path, tmp_path: Path) -> None:
    empty = contents(place)
    limit_pages(place, 1)
    with pytest.raises(StorageUnavailable, match="0 of 700 records"):
        place.load(source, rejects_path=tmp_path / "r.jsonl")
    assert contents(place) == empty


def test_two_imports_of_one_file_at_once_store_each_record_once(
    tmp_path: Path, source: Path, undisturbed: dict[str, Any]
) -> None:
    open_place(tmp_path / "import.db").database.close()
    reports: list[ImportReport] = []

    def load(number: int) -> None:
        own = open_place(tmp_path / "import.db", SystemClock())
        reports.append(own.load(source, rejects_path=tmp_path / f"{number}.jsonl"))
        own.database.close()

    threads = [threading.Thread(target=load, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    place = open_place(tmp_path / "import.db")
    assert len(reports) == 2
    assert contents(place) == undisturbed
    assert_whole_chunks_only(place)
    place.database.close()


def assert_whole_chunks_only(place: Place) -> None:
    """The counts of two runs over one file are their own business; what they stored is not."""
    found = contents(place)
    assert sum(count for (kind, *_), count in found["chunks"].items() if kind == "case") == sum(found["cases"].values())
    assert sum(count for (kind, *_), count in found["chunks"].items() if kind == "answer") == len(found["answers"])


@databases.on_sqlite_only
def test_storage_that_cannot_take_the_rejects_stops_the_import_with_its_position(
    place: Place, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "r.jsonl"
    path.with_name("r.jsonl.partial").mkdir()
    with pytest.raises(StorageUnavailable, match=r"cannot be written to .*r\.jsonl"):
        place.load(source, rejects_path=path)
    assert_whole(place)
