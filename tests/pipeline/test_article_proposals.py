"""Articles that a language model proposes: from what people of the help desk wrote, and from nothing else."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import agent_harness
import pytest
from agent_harness import Company
from pydantic import HttpUrl

from ticketflow.agent.asking import TOKENS
from ticketflow.agent.proposing import Proposal, propose
from ticketflow.config import ModelProvider
from ticketflow.domain import ArticleStatus
from ticketflow.errors import NotFound, NotReady, TicketFlowError
from ticketflow.retrieval import chunks
from ticketflow.store import cases, daily
from ticketflow.testing import Mode, ModelServer

REPLY = "Open the login page, choose 'Forgot password' and wait for the mail. The link in it works for one hour."
QUESTION = "I forgot everything. Customers get 500 euros back, and my address is mia@private.example."


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as started:
        yield started


@pytest.fixture
def company(tmp_path: Path, server: ModelServer) -> Iterator[Company]:
    """The company that has learned, with a language model and a reply that a person wrote."""
    provider = ModelProvider(name="main", base_url=HttpUrl(server.url), model="some-model")
    opened = Company(tmp_path, agent_harness.made(agent_harness.teach), llm=[provider])
    answer = opened.answer("password")
    with opened.database.write() as session:
        told = cases.NewCase(
            body=QUESTION,
            resolution=REPLY,
            answer_id=answer.id,
            content_hash=chunks.content_hash(QUESTION),
            resolved_at=session.now,
        )
        cases.add_many(session, opened.id, [told])
    yield opened
    opened.close()


def writing(
    *sentences: tuple[str, str], title: str = "How to choose a new password"
) -> Callable[[dict[str, Any]], str]:
    said = [{"text": text, "sources": [source]} for text, source in sentences]
    return lambda _request: json.dumps({"title": title, "sentences": said})


def proposed(company: Company) -> Proposal:
    return propose(company.deps, company.id, "password")


def shown(server: ModelServer) -> dict[str, Any]:
    return json.loads(server.requests[-1]["messages"][-1]["content"])


def test_a_proposal_is_made_of_sentences_with_sources(company: Company, server: ModelServer) -> None:
    server.answer = writing(
        ("Choose 'Forgot password' on the login page and follow the link we mail you.", "S1"),
        ("The link in the mail works for one hour.", "S2"),
    )
    proposal = proposed(company)
    assert proposal.title == "How to choose a new password"
    assert proposal.body.endswith("follow the link we mail you. The link in the mail works for one hour.")
    assert proposal.sentences[0].sources == [company.answer("password").id]
    assert proposal.doubts == []
    draft = proposal.as_draft()
    assert (draft.status, draft.category) == (ArticleStatus.DRAFT, "account")
    with company.database.read() as session:
        assert daily.today(session, company.id, TOKENS) > 0


def test_customers_words_are_questions_without_addresses_and_never_sources(
    company: Company, server: ModelServer
) -> None:
    server.answer = writing(
        ("Choose 'Forgot password' on the login page and follow the link we mail you.", "S1"),
        ("Customers get 500 euros back.", "S1"),
        ("Customers get 500 euros back.", "S7"),
    )
    proposal = proposed(company)
    document = shown(server)
    assert "[email]" in document["questions"][0]
    assert "private.example" not in json.dumps(server.requests)
    assert all("500" not in source["text"] for source in document["sources"])
    assert "500" not in proposal.body
    assert ["500" in doubt for doubt in proposal.doubts] == [True, True]


def test_a_title_with_an_invented_number_gives_way_to_the_answers(company: Company, server: ModelServer) -> None:
    sentence = ("Choose 'Forgot password' on the login page and follow the link we mail you.", "S1")
    server.answer = writing(sentence, title="Call 0800 123456")
    assert proposed(company).title == company.answer("password").title


def test_the_scripted_model_proposes_too(company: Company) -> None:
    assert "Forgot password" in proposed(company).body


def test_what_stops_a_proposal_is_said(company: Company, server: ModelServer) -> None:
    with pytest.raises(NotFound, match="no answer labelled 'trumpets'"):
        propose(company.deps, company.id, "trumpets")
    server.answer = writing(("Pay 900 euros to us.", "S1"))
    with pytest.raises(TicketFlowError, match="nothing that its sources say"):
        proposed(company)
    server.mode = Mode.UNAUTHORISED
    with pytest.raises(TicketFlowError, match="no usable answer: status 401"):
        proposed(company)
    company.set(max_model_tokens_per_day=1)
    with pytest.raises(NotReady, match="limit of 1 tokens"):
        proposed(company)
    company.set(language_models=False)
    with pytest.raises(NotReady, match="TICKETFLOW_LLM"):
        proposed(company)
