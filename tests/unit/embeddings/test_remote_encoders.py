"""Encoders over the network against a server on a real socket, in every way in which endpoints misbehave."""

import json
import threading
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from pydantic import HttpUrl

from ticketflow.config import EncoderProvider
from ticketflow.embeddings import JinaEncoder, OpenAIEncoder, Role, remote
from ticketflow.embeddings.texts import MAX_CHARACTERS, SAFE_BYTES
from ticketflow.errors import EncoderUnavailable, Misconfigured
from ticketflow.testing import HashEncoder, Mode, ModelServer, VectorMode

KEY = "secret-key-0123"
TEXTS = ["the kettle leaks", "my card was declined", "where is the parcel", "the kettle is loud"]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as started:
        yield started


@pytest.fixture
def make(server: ModelServer) -> Iterator[Any]:
    made: list[remote.RemoteEncoder] = []

    def make(kind: str = "jina", model: str = "jina-embeddings-v3", url: str = server.url, **more: Any) -> Any:
        fields = {"name": "far", "dimension": 64, "key_variable": "FAR_KEY"} | more
        provider = EncoderProvider(kind=kind, model=model, base_url=HttpUrl(url), **fields)  # pyright: ignore
        made.append((JinaEncoder if kind == "jina" else OpenAIEncoder)(provider, KEY))
        return made[-1]

    yield make
    for encoder in made:
        encoder.close()


def failure(encoder: Any, texts: list[str] = TEXTS) -> EncoderUnavailable:
    """The error of an encoding that must fail; nothing of it, chained errors included, tells key or text."""
    with pytest.raises(EncoderUnavailable) as raised:
        encoder.encode(texts)
    told = "".join(traceback.format_exception(raised.value)) + repr(raised.value.__dict__)
    assert KEY not in told
    assert not any(text in told for text in texts)
    assert str(raised.value).startswith("The encoder far ")
    assert raised.value.remedy
    return raised.value


def test_jina_is_told_what_a_text_is_for(server: ModelServer, make: Any) -> None:
    encoder = make()
    query, passage, document = (encoder.encode(TEXTS[:1], role)[0] for role in Role)
    assert server.requests[0] == {
        "model": "jina-embeddings-v3",
        "task": "retrieval.query",
        "dimensions": 64,
        "embedding_type": "float",
        "normalized": True,
        "truncate": True,
        "input": TEXTS[:1],
    }
    assert [request["task"] for request in server.requests[1:]] == ["retrieval.passage"] * 2
    assert server.heads[0] == ("/v1/embeddings", f"Bearer {KEY}")
    assert not np.allclose(query, passage)
    assert np.array_equal(passage, document)
    assert query @ passage > 0.9


def test_the_second_generation_of_jina_knows_no_tasks_and_the_fourth_does(server: ModelServer, make: Any) -> None:
    make(model="jina-embeddings-v2-base-de", send_dimensions=False).encode(TEXTS)
    make(model="jina-embeddings-v4").encode(TEXTS, Role.PASSAGE)
    assert {"task", "dimensions"}.isdisjoint(server.requests[0])
    assert server.requests[1]["task"] == "retrieval.passage"
    assert server.requests[1]["input"] == TEXTS


def test_openai_is_asked_in_its_own_words_and_without_roles(server: ModelServer, make: Any) -> None:
    encoder = make("openai", "text-embedding-3-small")
    first, second = encoder.encode(TEXTS, Role.QUERY), encoder.encode(TEXTS, Role.DOCUMENT)
    wanted = {"model": "text-embedding-3-small", "input": TEXTS, "dimensions": 64, "encoding_format": "float"}
    assert server.requests == [wanted, wanted]
    assert np.array_equal(first, second)
    assert np.allclose(first, HashEncoder().encode(TEXTS), atol=1e-6)
    make("openai", "plain", send_dimensions=False).encode(TEXTS)
    assert "dimensions" not in server.requests[2]


def test_no_key_no_header(server: ModelServer) -> None:
    provider = EncoderProvider(name="near", kind="openai", model="m", dimension=64, base_url=HttpUrl(server.url))
    encoder = OpenAIEncoder(provider)
    encoder.encode(["text"])
    encoder.close()
    assert server.heads == [("/v1/embeddings", None)]


def test_vectors_are_unit_float32_and_in_the_order_asked(server: ModelServer, make: Any) -> None:
    encoder = make("openai", batch=3)
    texts = [f"text {number} about kettle{number}" for number in range(10)]
    server.mode = VectorMode.SHUFFLED
    vectors = encoder.encode(texts)
    assert (vectors.shape, vectors.dtype) == ((10, 64), np.float32)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert np.allclose(vectors, HashEncoder().encode(texts), atol=1e-6)
    assert [len(request["input"]) for request in server.requests] == [3, 3, 3, 1]
    assert encoder.encode([]).shape == (0, 64)
    assert len(server.requests) == 4


def test_blank_texts_are_not_sent_and_get_a_stable_vector(server: ModelServer, make: Any) -> None:
    encoder = make("openai")
    vectors = encoder.encode(["", "kettle", " \n", " " * (MAX_CHARACTERS + 1) + "unseen"])
    assert server.requests[0]["input"] == ["kettle"]
    assert np.allclose(vectors[[0, 2, 3]], 64**-0.5)
    assert np.array_equal(encoder.encode([""])[0], vectors[0])
    assert len(server.requests) == 1


def test_a_long_text_is_cut_and_sent_alone(server: ModelServer, make: Any) -> None:
    make("openai").encode(["short", "x " * MAX_CHARACTERS, "small"])
    assert [[len(text) for text in request["input"]] for request in server.requests] == [[MAX_CHARACTERS], [5, 5]]


def test_a_text_beyond_the_context_is_shortened_where_the_endpoint_refuses_it(server: ModelServer, make: Any) -> None:
    """Ten thousand Chinese characters are more tokens than the context holds, though fewer than 32,000 characters."""
    encoder, text = make("openai"), "退款" * 5_000
    together = encoder.encode(["kettle", text])[1]
    sizes = [len(request["input"][0].encode()) for request in server.requests]
    assert sizes == [30_000, SAFE_BYTES - 2, 6]
    assert np.array_equal(together, encoder.encode([text])[0])


def test_half_a_surrogate_pair_and_any_control_character_can_be_sent(server: ModelServer, make: Any) -> None:
    assert np.isfinite(make().encode(["kettle \ud83d", "\x00\x07 card", "\U0001f525"])).all()
    assert server.requests[0]["input"][0] == "kettle ?"


def test_late_chunking_is_one_request_a_document(server: ModelServer, make: Any) -> None:
    encoder = make(late_chunking=True, batch=2)
    late = encoder.encode([*TEXTS, " "], Role.DOCUMENT)
    (request,) = server.requests
    assert (request["late_chunking"], request["task"], request["input"]) == (True, "retrieval.passage", TEXTS)
    plain = encoder.encode(TEXTS, Role.PASSAGE)
    assert not any("late_chunking" in request for request in server.requests[1:])
    assert not np.allclose(late[:4], plain, atol=0.01)
    assert (np.sum(late[:4] * plain, axis=1) > 0.8).all()
    assert encoder.id == "jina:jina-embeddings-v3@64+late"


def test_a_document_beyond_the_context_is_sent_in_parts(server: ModelServer, make: Any) -> None:
    passages = [f"passage {number} " + "word " * 1_500 for number in range(6)]
    passages[3] = "x" * MAX_CHARACTERS
    make(late_chunking=True).encode(passages, Role.DOCUMENT)
    assert [request["input"] for request in server.requests] == [
        passages[:2],
        passages[2:3],
        passages[3:4],
        passages[4:],
    ]


def test_late_chunking_waits_for_a_generation_that_offers_it(server: ModelServer, make: Any) -> None:
    encoder = make(model="jina-embeddings-v4", late_chunking=True)
    encoder.encode(TEXTS, Role.DOCUMENT)
    assert "late_chunking" not in server.requests[0]
    assert encoder.id == "jina:jina-embeddings-v4@64"


@pytest.mark.parametrize("mode", [Mode.RATE_LIMITED, Mode.FAILING, Mode.RESET, Mode.HANG])
def test_what_may_pass_is_tried_twice_more(server: ModelServer, make: Any, mode: Mode) -> None:
    encoder = make(seconds=0.3)
    server.script = [mode, mode]
    assert encoder.encode(["kettle"]).shape == (1, 64)
    assert len(server.requests) == 3
    server.script = [mode] * 4
    failure(encoder, ["kettle"])
    assert len(server.requests) == 6


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (Mode.RATE_LIMITED, "asked too often (status 429)"),
        (Mode.FAILING, "out of order (status 500)"),
        (Mode.UNAUTHORISED, "refuses the key (status 401). Check the key in the environment variable FAR_KEY"),
        (Mode.RESET, "cannot be reached, or broke off"),
        (Mode.NOT_JSON, "something other than a list of embeddings"),
        (Mode.TRUNCATED, "something other than a list of embeddings"),
        (Mode.EMPTY, "answered with 0 embeddings"),
        (VectorMode.WRONG_COUNT, "answered with 5 embeddings, of which 4"),
        (VectorMode.WRONG_PLACES, "answered with 4 embeddings, of which 4 in their places"),
        (VectorMode.WRONG_DIMENSION, "63 numbers an embedding instead of 64"),
        (VectorMode.NOT_A_NUMBER, "not finite"),
        (VectorMode.WORDS, "something other than numbers"),
        (VectorMode.ZEROS, "a vector of zeros"),
        (VectorMode.NOT_TAKEN, "refuses the request (status 400). Check model (jina-embeddings-v3), dimension (64)"),
    ],
)
def test_each_failure_is_a_sentence_with_a_remedy(
    server: ModelServer, make: Any, mode: Mode | VectorMode, words: str
) -> None:
    server.mode = mode
    assert words in str(failure(make()))
    passing = mode in (Mode.RATE_LIMITED, Mode.FAILING, Mode.RESET)
    assert len(server.requests) == (3 if passing else 1)


def test_a_dimension_the_endpoint_was_not_told_is_checked(make: Any) -> None:
    assert "64 numbers an embedding instead of 128" in str(
        failure(make("openai", dimension=128, send_dimensions=False))
    )


def test_a_wrong_address_and_a_silent_one(server: ModelServer, make: Any) -> None:
    assert "Check base_url and model (m)" in str(failure(make("openai", "m", url=f"{server.url}/other")))
    stopped = ModelServer().start()
    stopped.stop()
    assert "cannot be reached" in str(failure(make(url=stopped.url)))


def test_the_rest_that_the_endpoint_asks_for_is_kept_where_it_fits(server: ModelServer, make: Any) -> None:
    encoder = make()
    server.script, server.retry_after = [Mode.RATE_LIMITED], 1
    began = time.monotonic()
    encoder.encode(["kettle"])
    assert time.monotonic() - began >= 1
    server.script, server.retry_after = [Mode.RATE_LIMITED], 30
    began = time.monotonic()
    assert "asks for 30 s of rest" in str(failure(encoder, ["kettle"]))
    assert time.monotonic() - began < 1
    assert len(server.requests) == 3


def test_one_text_waits_no_longer_than_its_time_in_all(
    server: ModelServer, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "TEXT_SECONDS", 0.8)
    server.mode = Mode.HANG
    began = time.monotonic()
    assert "did not answer within" in str(failure(make(seconds=0.5), ["kettle"]))
    assert time.monotonic() - began < 1.2
    assert remote.TEXT_SECONDS < 6.5


def test_several_texts_have_more_patience(server: ModelServer, make: Any) -> None:
    server.mode, server.seconds = Mode.SLOW, 0.5
    encoder = make(seconds=0.3)
    assert encoder.encode(TEXTS).shape == (4, 64)
    failure(encoder, ["kettle"])


def test_threads_wait_side_by_side(server: ModelServer, make: Any) -> None:
    server.mode, server.seconds = Mode.SLOW, 0.4
    encoder = make("openai")
    texts = [f"kettle{number}" for number in range(16)]
    encoder.encode(["first"])
    began = time.monotonic()
    with ThreadPoolExecutor(16) as pool:
        found = np.stack(list(pool.map(lambda text: encoder.encode([text])[0], texts)))
    assert time.monotonic() - began < 4 * 0.4
    assert np.allclose(found, HashEncoder().encode(texts), atol=1e-6)


def test_closing_ends_the_calls_and_a_later_one_connects_anew(server: ModelServer, make: Any) -> None:
    others = set(threading.enumerate())
    encoder = make()
    server.mode = Mode.HANG
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(failure, encoder, ["kettle"])
        while not server.requests:
            time.sleep(0.01)
        encoder.close()
        assert "was closed" in str(waiting.result(5))
    server.mode = Mode.GOOD
    assert encoder.encode(["kettle"]).shape == (1, 64)
    encoder.close()
    encoder.close()
    deadline = time.monotonic() + 5
    while any(thread.name == "encoder-calls" for thread in set(threading.enumerate()) - others):
        assert time.monotonic() < deadline, "the threads end"
        time.sleep(0.01)


@pytest.mark.parametrize("key", ["", " ", "with\nbreak", "schlüssel"])
def test_a_key_that_none_can_be_is_not_sent(key: str) -> None:
    provider = EncoderProvider(name="far", kind="jina", model="m", dimension=64, key_variable="FAR_KEY")
    with pytest.raises(Misconfigured, match="FAR_KEY") as raised:
        JinaEncoder(provider, key)
    assert not key.strip() or key not in str(raised.value)


def test_an_answer_that_never_ends_is_cut_off(server: ModelServer, make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    padding = " " * 1_100_000
    monkeypatch.setattr(
        "ticketflow.testing.chat_server.embeddings", lambda _body, _mode: {"data": [], "padding": padding}
    )
    assert "far more than was asked for" in str(failure(make()))


@pytest.mark.parametrize(
    "answer", ["[]", '{"data": 3}', '{"data": [{"index": true, "embedding": []}]}', '{"data": [[1]]}', "[" * 100_000]
)
def test_what_is_no_list_of_embeddings_is_refused(make: Any, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr("ticketflow.testing.chat_server.embeddings", lambda _body, _mode: answer)
    assert "something other than a list" in str(failure(make(), ["kettle"]))


def test_numbers_beyond_all_bounds_are_refused(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (10**400, 1e308, True, None, [0.5]):
        row = [number] * 64
        sent = {"data": [{"index": 0, "embedding": row}]}
        monkeypatch.setattr("ticketflow.testing.chat_server.embeddings", lambda _body, _mode, sent=sent: sent)
        assert "number" in str(failure(make(), ["kettle"])), json.dumps(number)


def test_ids_fit_into_64_characters_and_stay_apart(make: Any) -> None:
    assert make().id == "jina:jina-embeddings-v3@64"
    assert make("openai", "text-embedding-3-small", dimension=1536).id == "openai:text-embedding-3-small@1536"
    long = [make("openai", f"organisation/{'very-' * 20}long-{end}").id for end in "ab"]
    assert [len(name) for name in long] == [64, 64]
    assert long[0] != long[1]
    assert long[0].startswith("openai:organisation/very-")
