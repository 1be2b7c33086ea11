"""Search as a whole: scoping, filters, both halves in one ranking, other processes and threads."""

import threading

import numpy as np
import pytest
from process_harness import in_processes
from search_harness import ANSWER, ARTICLE, CASE, ENCODER, case, counted, put, write_elsewhere

import databases
from ticketflow.db import Database
from ticketflow.domain import ChunkKind, Workspace
from ticketflow.retrieval import Filters, Fusion, Hit, Search, Source, chunks
from ticketflow.store import workspaces

WORDS = ["kettle", "card", "parcel", "invoice", "refund", "login", "password", "delivery", "warranty", "colour"]


def find(database: Database, workspace: Workspace, search: Search, text: str, **options: object) -> list[Hit]:
    vector = ENCODER.encode([text])[0]
    with database.read() as session:
        return search.find(session, workspace, text, vector=vector, **options)  # pyright: ignore


def ids(hits: list[Hit]) -> list[str]:
    return [hit.source_id for hit in hits]


@pytest.fixture
def other(database: Database) -> Workspace:
    with database.write() as session:
        return workspaces.ensure(session, "other")


def test_a_tiny_workspace_beside_a_large_one_finds_its_own_and_only_its_own(
    database: Database, workspace: Workspace, other: Workspace
) -> None:
    put(database, other, [case(f"theirs-{number}", f"kettle leaks {number}") for number in range(3_000)])
    put(database, workspace, [case("mine", "The kettle leaks"), case("else", "Parcel lost"), case("third", "Hello")])
    search = Search(database, ENCODER)
    hits = find(database, workspace, search, "kettle leaks")
    assert hits[0].source_id == "mine"
    assert set(ids(hits)) == {"mine", "else", "third"}
    with database.read() as session:
        assert ids(search.lexical(session, workspace, "kettle leaks")) == ["mine"]
        theirs = search.lexical(session, other, "kettle leaks", limit=100)
    assert len(theirs) == 100
    assert all(hit.source_id.startswith("theirs") for hit in theirs)


def test_scores_do_not_depend_on_other_workspaces(database: Database, workspace: Workspace, other: Workspace) -> None:
    put(database, workspace, [case("one", "The kettle leaks"), case("two", "The kettle is red")])
    before = find(database, workspace, Search(database, ENCODER), "leaking kettle")
    put(database, other, [case(f"theirs-{number}", "kettle leaks") for number in range(200)])
    after = find(database, workspace, Search(database, ENCODER), "leaking kettle")
    assert after == before


def test_filters_hold_in_both_halves(database: Database, workspace: Workspace) -> None:
    put(
        database,
        workspace,
        [
            case(
                f"case-{number}",
                f"kettle leaks number {number}",
                status="open" if number % 2 else "resolved",
                category=f"category-{number % 5}",
                language="de" if number % 3 else "en",
                answer_id=f"answer-{number % 7}",
            )
            for number in range(420)
        ],
    )
    search = Search(database, ENCODER)
    wanted = Filters(status="resolved", category="category-3", language="en", answer_id="answer-1")
    right = {
        f"case-{number}"
        for number in range(420)
        if number % 2 == 0 and number % 5 == 3 and number % 3 == 0 and number % 7 == 1
    }
    assert right
    vector = ENCODER.encode(["kettle leaks"])[0]
    with database.read() as session:
        assert set(ids(search.neighbours(session, workspace, vector, CASE, 50, wanted))) == right
        assert set(ids(search.lexical(session, workspace, "kettle leaks", CASE, 50, wanted))) == right
        assert search.lexical(session, workspace, "kettle", CASE, 50, Filters(status="never heard of")) == []
    assert set(ids(find(database, workspace, search, "kettle leaks", limit=50, filters=wanted))) == right


def test_kinds_are_searched_together_or_alone(database: Database, workspace: Workspace) -> None:
    put(
        database,
        workspace,
        [
            case("solved", "kettle leaks at the base"),
            Source(ARTICLE, "howto", "Leaking kettle", "Descale it."),
            Source(ANSWER, "reply", "Kettle", "We send you a new kettle."),
            Source(ChunkKind.TICKET, "ticket", "", "kettle leaks"),
        ],
    )
    search = Search(database, ENCODER)
    assert {hit.kind for hit in find(database, workspace, search, "kettle leaks")} == {CASE, ARTICLE, ANSWER}
    assert ids(find(database, workspace, search, "kettle leaks", kinds=[ChunkKind.TICKET])) == ["ticket"]


def test_a_source_with_several_matching_chunks_appears_once(database: Database, workspace: Workspace) -> None:
    text = "\n\n".join(f"Kettle part {number}. " + "The kettle has a lid. " * 40 for number in range(6))
    put(database, workspace, [Source(ARTICLE, "manual", "Kettle manual", text), case("short", "kettle lid")])
    hits = find(database, workspace, Search(database, ENCODER), "kettle lid", limit=10)
    assert sorted(ids(hits)) == ["manual", "short"]


def test_every_hit_carries_both_scores_and_weights_decide_the_order(database: Database, workspace: Workspace) -> None:
    put(database, workspace, [case(word, f"{word} trouble {number}") for number, word in enumerate(WORDS)])
    search = Search(database, ENCODER)
    by_words = find(database, workspace, search, "kettle kettle trouble", weights=Fusion(0.0, 1.0, 0.0))
    by_vector = find(database, workspace, search, "kettle kettle trouble", weights=Fusion(1.0, 0.0, 0.0))
    assert all(hit.similarity is not None and hit.lexical is not None for hit in by_words)
    assert [hit.lexical for hit in by_words] == sorted((hit.lexical or 0 for hit in by_words), reverse=True)
    assert [hit.similarity for hit in by_vector] == sorted((hit.similarity or 0 for hit in by_vector), reverse=True)


def test_voters_hold_the_best_of_both_halves(database: Database, workspace: Workspace) -> None:
    put(database, workspace, [case(f"{word}-{n}", f"{word} problem {n}") for word in WORDS for n in range(10)])
    search = Search(database, ENCODER)
    text = "my parcel has a problem"
    vector = ENCODER.encode([text])[0]
    with database.read() as session:
        voters = search.voters(session, workspace, text, vector, CASE, 8, 6)
        near = search.neighbours(session, workspace, vector, CASE, 8)
        worded = search.lexical(session, workspace, text, CASE, 6)
    assert {hit.source_id for hit in near} <= set(ids(voters))
    assert len(voters) <= 14
    best = sorted((hit.lexical or 0 for hit in voters), reverse=True)[:6]
    assert best == pytest.approx([hit.lexical for hit in worded])


def test_nothing_to_find_is_an_empty_list(database: Database, workspace: Workspace) -> None:
    search = Search(database, ENCODER)
    assert find(database, workspace, search, "kettle") == []
    put(database, workspace, [case("one", "The kettle leaks")])
    for text in ("", "the and of", "?!", "\U0001f525", 'quo"te OR NEAR(', "word " * 5_000, "* - ^ :"):
        with database.read() as session:
            assert search.lexical(session, workspace, text) == []
        assert ids(find(database, workspace, search, text)) == ["one"]


def test_another_process_is_followed(database: Database, workspace: Workspace) -> None:
    put(database, workspace, [case("kept", "The kettle leaks"), case("gone", "The kettle hums")])
    search = Search(database, ENCODER)
    assert set(ids(find(database, workspace, search, "kettle"))) == {"kept", "gone"}
    texts = {"new": "A kettle that whistles", "kept": "Invoice missing"}
    in_processes(write_elsewhere, [(database.url, workspace.slug, texts, ["gone"])])
    hits = find(database, workspace, search, "whistling kettle")
    assert hits[0].source_id == "new"
    assert set(ids(hits)) == {"new", "kept"}
    assert ids(find(database, workspace, search, "invoice missing"))[0] == "kept"


@databases.on_sqlite_only
def test_a_reader_left_behind_by_the_change_log_loads_anew(database: Database, workspace: Workspace) -> None:
    put(database, workspace, [case("one", "The kettle leaks")])
    search = Search(database, ENCODER)
    search.load()
    put(database, workspace, [case("two", "The kettle hums")])
    put(database, workspace, [case("three", "The kettle sings")])
    with database.write() as session:
        newest = session.dialect.last_change(session.connection)
        session.connection.exec_driver_sql(f"DELETE FROM chunk_change WHERE position < {newest}")
        assert session.dialect.changes(session.connection, 1, 10) is None
    assert set(ids(find(database, workspace, search, "kettle"))) == {"one", "two", "three"}


def test_searching_while_others_write_never_fails_and_ends_up_right(database: Database, workspace: Workspace) -> None:
    search = Search(database, ENCODER)
    put(database, workspace, [case("start", "kettle")])
    stop, failures = threading.Event(), list[BaseException]()

    def look() -> None:
        try:
            while not stop.is_set():
                find(database, workspace, search, "kettle leaks")
        except BaseException as error:
            failures.append(error)
            raise

    readers = [threading.Thread(target=look) for _ in range(3)]
    for reader in readers:
        reader.start()
    for turn in range(15):
        put(database, workspace, [case(f"case-{turn}-{n}", f"kettle leaks {turn} {n}") for n in range(40)])
        if turn % 3 == 2:
            with database.write() as session:
                chunks.delete(session, workspace, CASE, [f"case-{turn - 1}-{n}" for n in range(40)])
    stop.set()
    for reader in readers:
        reader.join()
    assert not failures
    search.load()
    assert counted(database, workspace, search) == 1 + 10 * 40


def test_exact_scores_are_those_of_the_stored_vectors(database: Database, workspace: Workspace) -> None:
    texts = [f"{one} {other}" for one in WORDS for other in WORDS]
    put(database, workspace, [case(text, text) for text in texts])
    vector = ENCODER.encode(["kettle refund"])[0]
    with database.read() as session:
        hits = Search(database, ENCODER).neighbours(session, workspace, vector, CASE, 10)
    exact = np.sort(ENCODER.encode(texts) @ vector)[::-1][:10]
    assert np.allclose([hit.similarity for hit in hits], exact, atol=2e-3)
