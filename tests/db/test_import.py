"""What an import stores, and that doing it again adds nothing."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from import_harness import Place, assert_whole, contents, facts, open_place
from sqlalchemy import select

from ticketflow.clock import from_iso
from ticketflow.db.tables import case, imports
from ticketflow.domain import AnswerStatus
from ticketflow.errors import InvalidFile, InvalidInput
from ticketflow.knowledge import importing
from ticketflow.knowledge.mapping import Mapping
from ticketflow.store import answers, audit
from ticketflow.store.answers import NewAnswer
from ticketflow.testing import FrozenClock

FULL = Mapping(
    subject="title",
    body="text",
    answer="label",
    resolution="reply",
    category="topic",
    created_at="when",
    id="id",
    priority="prio",
    language="lang",
)
HEADER = "id,title,text,label,reply,topic,when,prio,lang"
REPLIED = Mapping(text="text", answer="label", resolution="reply")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    opened = open_place(tmp_path / "import.db")
    yield opened
    opened.database.close()


def written(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def many(path: Path, count: int, labels: int = 7) -> Path:
    return written(
        path, "text,label", *[f"question number {n} about thing {n % 40},label {n % labels}" for n in range(count)]
    )


def test_a_record_is_stored_with_all_it_says_and_can_be_found(place: Place, tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.csv", HEADER, "7,Card lost,Where is my card?,card-lost,New one sent.,cards,2024-01-31,high,de"
    )
    report = place.load(path, FULL)
    assert (report.read, report.added, report.answers_added, report.rejected) == (1, 1, 1, 0)
    with place.database.read() as session:
        [row] = session.execute(select(case)).mappings()
        [answer] = answers.every(session, place.workspace.id)
    assert (row["external_id"], row["subject"], row["body"]) == ("7", "Card lost", "Where is my card?")
    assert (row["resolution"], row["category"], row["priority"], row["language"]) == (
        "New one sent.",
        "cards",
        "high",
        "de",
    )
    assert (row["answer_id"], row["resolved_at"]) == (answer.id, from_iso("2024-01-31"))
    assert (answer.label, answer.title, answer.body) == ("card-lost", "Card lost", "New one sent.")
    assert (answer.status, answer.category) == (AnswerStatus.DRAFT, "cards")
    texts = {(kind, text, label) for kind, text, label, _, _ in contents(place)["chunks"]}
    assert texts == {
        ("case", "Card lost\nWhere is my card?", "card-lost"),
        ("answer", "New one sent.", None),
    }
    assert_whole(place)


def test_without_a_date_the_time_of_the_import_counts(place: Place, tmp_path: Path) -> None:
    place.load(written(tmp_path / "a.csv", "text,label", "one,a"))
    with place.database.read() as session:
        assert session.execute(select(case.c.resolved_at)).scalar_one() == FrozenClock().now()


def test_the_language_is_detected_where_no_column_tells_it(place: Place, tmp_path: Path) -> None:
    rows = ["Where is the card that I ordered two weeks ago?,a", "Wo bleibt die Karte die ich bestellt habe?,b", "ok,c"]
    place.load(written(tmp_path / "a.csv", "text,label", *rows))
    assert sorted(str(found[-1]) for found in contents(place)["cases"]) == ["None", "de", "en"]


def test_personal_numbers_stay_out_of_the_index_but_not_out_of_the_case(place: Place, tmp_path: Path) -> None:
    place.load(written(tmp_path / "a.csv", "text,label", "Write to ann@example.org please,a"))
    assert {text for kind, text, *_ in contents(place)["chunks"] if kind == "case"} == {"Write to [email] please"}
    assert next(iter(contents(place)["cases"]))[2] == "Write to ann@example.org please"


def test_importing_again_changes_nothing_and_embeds_nothing(place: Place, tmp_path: Path) -> None:
    path = many(tmp_path / "a.csv", 600)
    first = place.load(path)
    stored, encoded = contents(place), place.encoder.encoded
    again = place.load(path)
    assert (first.added, first.already_imported) == (600, False)
    assert (again.added, again.updated, again.unchanged, again.read) == (0, 0, 600, 600)
    assert again.already_imported
    assert contents(place) == stored
    assert place.encoder.encoded == encoded
    assert len(facts(place, "import.finished")) == 1
    assert_whole(place)


def test_the_same_records_in_another_file_are_known(place: Place, tmp_path: Path) -> None:
    place.load(many(tmp_path / "a.csv", 300))
    report = place.load(many(tmp_path / "b.csv", 310))
    assert (report.added, report.unchanged, report.already_imported) == (10, 300, False)
    assert sum(contents(place)["cases"].values()) == 310


def test_a_finished_file_brings_back_what_was_deleted(place: Place, tmp_path: Path) -> None:
    path = many(tmp_path / "a.csv", 300)
    place.load(path)
    stored = contents(place)
    with place.database.write() as session:
        session.execute(case.delete().where(case.c.body.like("%number 7 %")))
    report = place.load(path)
    assert (report.added, report.unchanged, report.already_imported) == (1, 299, False)
    assert contents(place)["cases"] == stored["cases"]
    with place.database.read() as session:
        assert session.execute(select(imports.c.state)).scalars().all() == ["finished"]


def test_a_known_id_with_other_content_is_updated_with_its_chunks(place: Place, tmp_path: Path) -> None:
    mapping = Mapping(text="text", answer="label", id="id")
    place.load(written(tmp_path / "a.csv", "id,text,label", "1,about a parcel,a", "2,about a card,b"), mapping)
    encoded = place.encoder.encoded
    report = place.load(written(tmp_path / "b.csv", "id,text,label", "1,about a loan,a", "2,about a card,a"), mapping)
    assert (report.added, report.updated, report.unchanged) == (0, 2, 0)
    assert {(body, label) for _, _, body, _, label, _ in contents(place)["cases"]} == {
        ("about a loan", "a"),
        ("about a card", "a"),
    }
    assert {(text, label) for kind, text, label, *_ in contents(place)["chunks"] if kind == "case"} == {
        ("about a loan", "a"),
        ("about a card", "a"),
    }
    assert place.encoder.encoded == encoded + 1, "the text that only got another label was not encoded again"
    assert_whole(place)


def test_the_same_text_with_two_labels_is_two_cases(place: Place, tmp_path: Path) -> None:
    report = place.load(written(tmp_path / "a.csv", "text,label", "one,a", "one,b", "one,a"))
    assert (report.added, report.duplicates, report.rejected) == (2, 1, 0)


def test_bad_records_are_set_aside_and_the_rest_goes_in(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,text,label\n1,fine,a\n2,,a\n3,caf\xe9,a\n1,again,a\n4,one,two,a\n5,nul\0,a\n6,also fine,b\n")
    report = place.load(path, Mapping(text="text", answer="label", id="id"))
    assert (report.read, report.added, report.rejected) == (7, 2, 5)
    lines = [json.loads(line) for line in (tmp_path / "a.csv.rejects.jsonl").read_text("utf-8").splitlines()]
    assert report.rejects_path == str(tmp_path / "a.csv.rejects.jsonl")
    assert [line["line"] for line in lines] == [3, 4, 5, 6, 7]
    assert [line["reason"] for line in lines] == [problem.reason for problem in report.problems]
    assert lines[0]["record"] == {"id": "2", "text": "", "label": "a"}
    assert lines[1]["record"] == "3,caf\\xe9,a"
    assert_whole(place)


def test_a_file_of_nothing_but_bad_records_stores_nothing(place: Place, tmp_path: Path) -> None:
    report = place.load(written(tmp_path / "a.csv", "text,label", ",a", ",b"))
    assert (report.added, report.rejected, report.answers_added) == (0, 2, 0)
    assert not contents(place)["answers"]


def test_answers_are_made_once_and_existing_ones_keep_their_text(place: Place, tmp_path: Path) -> None:
    with place.database.write() as session:
        answers.add(session, place.workspace.id, NewAnswer(label="known", body="Ours.", status=AnswerStatus.APPROVED))
    rows = [f"question {n},{['known', 'new', ''][n % 3]},Theirs." for n in range(600)]
    report = place.load(written(tmp_path / "a.csv", "text,label,reply", *rows), REPLIED)
    assert (report.added, report.answers_added) == (600, 1)
    assert contents(place)["answers"] == {
        "known": ("Known", "Ours.", AnswerStatus.APPROVED),
        "new": ("New", "Theirs.", AnswerStatus.DRAFT),
    }


def test_approval_needs_a_reply_that_the_file_agrees_on(place: Place, tmp_path: Path) -> None:
    rows = ["1,agreed,Same.", "2,agreed,Same.", "3,agreed,Other.", "4,mixed,X.", "5,mixed,Y.", "6,silent,"]
    path = written(tmp_path / "a.csv", "text,label,reply", *rows)
    place.load(path, REPLIED)
    assert {status for _, _, status in contents(place)["answers"].values()} == {AnswerStatus.DRAFT}
    report = place.load(path, REPLIED, approve_answers=True)
    assert (report.answers_approved, report.answers_unsettled, report.unchanged) == (1, 1, 6)
    found = contents(place)
    assert {label: status for label, (_, _, status) in found["answers"].items()} == {
        "agreed": AnswerStatus.APPROVED,
        "mixed": AnswerStatus.DRAFT,
        "silent": AnswerStatus.DRAFT,
    }
    assert {status for kind, text, _, status, _ in found["chunks"] if (kind, text) == ("answer", "Same.")} == {
        "approved"
    }


def test_approval_does_not_send_what_a_person_wrote_meanwhile(place: Place, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "text,label,reply", "1,a,Same.", "2,a,Same.")
    place.load(path, REPLIED)
    with place.database.write() as session:
        known = answers.by_labels(session, place.workspace.id, ["a"])["a"]
        answers.change(session, place.workspace.id, known.id, body="A draft in the making")
    report = place.load(path, REPLIED, approve_answers=True)
    assert report.answers_approved == 0
    assert contents(place)["answers"]["a"][1:] == ("A draft in the making", AnswerStatus.DRAFT)


def test_an_empty_draft_is_filled(place: Place, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "text,label,reply", "1,a,Same.", "2,a,Same.")
    place.load(path)
    assert contents(place)["answers"]["a"][1] == ""
    place.load(path, REPLIED)
    assert contents(place)["answers"]["a"][1] == "Same."
    assert_whole(place)


def test_a_dry_run_foresees_the_counts_and_writes_nothing(place: Place, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "text,label", *[f"question {n % 290},label {n % 5}" for n in range(300)], ",a")
    nothing = contents(place)
    foreseen = place.load(path, dry_run=True)
    assert contents(place) == nothing
    assert facts(place, "import.progressed") == []
    assert place.encoder.encoded == 0
    assert sorted(item.name for item in tmp_path.glob("a.csv*")) == ["a.csv"]
    done = place.load(path)
    compared = importing.Counts.model_fields
    assert foreseen.model_dump(include=set(compared)) == done.model_dump(include=set(compared))
    assert foreseen.problems == done.problems


def test_progress_is_told_to_the_caller_and_as_events(place: Place, tmp_path: Path) -> None:
    told: list[tuple[float, str]] = []
    place.load(many(tmp_path / "a.csv", 600), progress=lambda share, doing: told.append((share, doing)))
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert told[-1] == (1.0, "Importing, 600 of 600 records")
    progressed = facts(place, "import.progressed")
    assert [fact["position"] for fact in progressed] == [256, 512, 600]
    assert {fact["total"] for fact in progressed} == {600}
    [finished] = facts(place, "import.finished")
    assert (finished["added"], finished["position"]) == (600, 600)
    with place.database.read() as session:
        assert [entry.action for entry in audit.newest(session, place.workspace.id)] == ["import.finished"]


def test_a_mapping_that_does_not_fit_stores_nothing(place: Place, tmp_path: Path) -> None:
    path = many(tmp_path / "a.csv", 3)
    with pytest.raises(InvalidFile, match="Did you mean 'label'"):
        place.load(path, Mapping(text="text", answer="lable"))
    with pytest.raises(InvalidInput, match="--rejects"):
        place.load(path, rejects_path=tmp_path / "missing" / "r.jsonl")
    with place.database.read() as session:
        assert session.execute(select(imports)).all() == []


def test_a_file_that_changes_while_it_is_read_is_not_called_finished(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = many(tmp_path / "a.csv", 600)

    def grow(_share: float, doing: str) -> None:
        if doing.startswith("Importing, 256"):
            with path.open("a") as file:
                file.write("one more,a\n")

    with pytest.raises(InvalidFile, match="was changed while it was read"):
        place.load(path, progress=grow)
    assert facts(place, "import.finished") == []
    assert place.load(path).already_imported is False
    assert_whole(place)


def test_a_very_long_text_becomes_several_chunks_of_one_case(place: Place, tmp_path: Path) -> None:
    text = " ".join(f"Sentence {n} about the parcel." for n in range(400))
    place.load(written(tmp_path / "a.csv", "text,label", f"{text},a"))
    assert sum(count for (kind, *_), count in contents(place)["chunks"].items() if kind == "case") > 5
    assert_whole(place)


def test_an_answer_that_means_none_becomes_no_answer(place: Place, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "text,label", "Do you like jazz?,by hand", "Where is my card?,card-lost")
    report = place.load(path, Mapping(text="text", answer="label", no_answer=("by hand", "spam")))
    assert (report.added, report.answers_added) == (2, 1)
    with place.database.read() as session:
        given = {row["body"]: row["answer_id"] for row in session.execute(select(case)).mappings()}
        [answer] = answers.every(session, place.workspace.id)
    assert given == {"Do you like jazz?": None, "Where is my card?": answer.id}
