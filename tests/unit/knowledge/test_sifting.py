"""Batches, repetitions, the first look at a file, and the rejects file."""

import json
from pathlib import Path

import pytest

from ticketflow.errors import InvalidInput
from ticketflow.knowledge import sifting
from ticketflow.knowledge.entries import BadRecord
from ticketflow.knowledge.mapping import Mapping
from ticketflow.knowledge.records import open_records
from ticketflow.knowledge.rejects import RejectsFile, default_rejects
from ticketflow.knowledge.sifting import Batch, batches
from ticketflow.knowledge.survey import DIFFERENT, LabelReply, Survey, survey

PLAIN = Mapping(text="text", answer="label")
WITH_ID = Mapping(text="text", answer="label", id="id")
WITH_REPLY = Mapping(text="text", answer="label", resolution="reply")


def sift(path: Path, mapping: Mapping, skip: int = 0) -> tuple[list[Batch], list[BadRecord]]:
    rejected: list[BadRecord] = []
    return list(batches(open_records(path), mapping, skip=skip, reject=rejected.append)), rejected


def written(path: Path, rows: list[str]) -> Path:
    path.write_text("\n".join(rows) + "\n")
    return path


def test_the_same_text_and_label_count_once_and_another_label_is_kept(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", ["text,label", "one,a", "one,a", "one,b", "one,a"])
    [batch], rejected = sift(path, PLAIN)
    assert [(case.body, case.label, case.number) for case in batch.cases] == [("one", "a", 2), ("one", "b", 4)]
    assert (batch.read, batch.duplicates, batch.rejected, rejected) == (4, 2, 0, [])


def test_a_repeated_id_is_rejected_with_the_line_of_the_first(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", ["id,text,label", "7,one,a", "8,two,a", "7,three,b", "7,one,a"])
    [batch], rejected = sift(path, WITH_ID)
    assert [case.external_id for case in batch.cases] == ["7", "8"]
    assert [(bad.number, bad.reason) for bad in rejected] == [
        (4, "its id '7' was given on line 2 already"),
        (5, "its id '7' was given on line 2 already"),
    ]
    assert rejected[0].raw == {"id": "7", "text": "three", "label": "b"}


def test_a_record_that_was_rejected_does_not_take_its_id(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", ["id,text,label", "7,,a", "7,three,b"])
    [batch], rejected = sift(path, WITH_ID)
    assert [case.number for case in batch.cases] == [3]
    assert len(rejected) == 1


def test_what_is_skipped_still_counts_for_repetitions_and_rejects(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", ["text,label", "one,a", ",a", "two,a", "one,a", "three,a"])
    [batch], rejected = sift(path, PLAIN, skip=3)
    assert [case.body for case in batch.cases] == ["three"]
    assert (batch.read, batch.duplicates, batch.position) == (2, 1, 5)
    assert [bad.number for bad in rejected] == [3]


def test_batches_end_at_their_number_of_records_or_of_characters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "a.csv", ["text,label", *[f"text {number},a" for number in range(600)]])
    made, _ = sift(path, PLAIN)
    assert [batch.position for batch in made] == [256, 512, 600]
    monkeypatch.setattr(sifting, "BATCH_CHARACTERS", 60)
    made, _ = sift(path, PLAIN)
    assert max(batch.read for batch in made) <= 10
    assert sum(len(batch.cases) for batch in made) == 600


def look(path: Path, mapping: Mapping, *, approve: bool = False) -> Survey:
    return survey(open_records(path), mapping, approve_answers=approve, told=lambda _read: None)


def test_a_label_stands_for_its_most_frequent_reply_in_the_whole_file(tmp_path: Path) -> None:
    rows = ["1,a,First.", "2,a,Common.", "3,a,Common.", "4,b,Only.", "5,c,", "6,d,X.", "7,d,Y.", ",a,First."]
    rows.insert(0, "text,label,reply")
    found = look(written(tmp_path / "a.csv", rows), WITH_REPLY)
    assert found.records == 8
    assert found.replies == {
        "a": LabelReply("Common.", True),
        "b": LabelReply("Only.", True),
        "d": LabelReply("X.", False),
    }
    assert found.reply("c") == LabelReply("", False)


def test_replies_that_differ_each_time_are_not_settled(tmp_path: Path) -> None:
    rows = [f"{number},a,Dear {number}," for number in range(DIFFERENT * 3)]
    found = look(written(tmp_path / "a.csv", ["text,label,reply,x", *rows]), WITH_REPLY)
    assert found.reply("a") == LabelReply("Dear 0", False)


def test_the_fingerprint_is_of_content_and_meaning(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", ["id,text,label,reply", "1,one,a,x"])
    twin = written(tmp_path / "b.csv", ["id,text,label,reply", "1,one,a,x"])
    prints = [look(path, mapping).fingerprint for mapping in (PLAIN, WITH_ID, WITH_REPLY)]
    prints.append(look(path, PLAIN, approve=True).fingerprint)
    assert len(set(prints)) == 4
    assert look(twin, PLAIN).fingerprint == prints[0]
    written(path, ["id,text,label,reply", "1,one,a,y"])
    assert look(path, PLAIN).fingerprint != prints[0]


def test_rejects_are_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.rejects.jsonl"
    with RejectsFile(path) as rejects:
        assert rejects.keep() is None
    assert list(tmp_path.iterdir()) == []
    with RejectsFile(path) as rejects:
        rejects.add(BadRecord(3, "why", {"text": "ü"}))
        rejects.add(BadRecord(5, "broken", "raw, line"))
        assert not path.exists()
        assert rejects.keep() == path
    assert [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] == [
        {"line": 3, "reason": "why", "record": {"text": "ü"}},
        {"line": 5, "reason": "broken", "record": "raw, line"},
    ]
    with pytest.raises(ZeroDivisionError):
        _add_and_fail(path)
    assert [item.name for item in tmp_path.iterdir()] == [path.name]
    assert "never kept" not in path.read_text()


def _add_and_fail(path: Path) -> None:
    with RejectsFile(path) as rejects:
        rejects.add(BadRecord(9, "never kept", ""))
        raise ZeroDivisionError


def test_a_place_for_rejects_that_cannot_be_written_is_told_before_the_import(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="--rejects"), RejectsFile(tmp_path / "missing" / "a.jsonl"):
        pass
    assert default_rejects(tmp_path / "a.csv") == tmp_path / "a.csv.rejects.jsonl"
