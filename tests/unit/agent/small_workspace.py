"""The answers and words of a small workspace, for the unit tests of the agent."""

import numpy as np

from ticketflow.agent import segments
from ticketflow.agent.certifying import AUDIT
from ticketflow.domain import AnswerStatus
from ticketflow.store.answers import Answer
from ticketflow.store.certificates import Certificate
from ticketflow.store.settings import Settings

WORDS = {
    "password": "forgot password login locked reset link expired account",
    "refund": "refund money back return bank statement owed cancelled",
    "parcel": "parcel courier delivery tracking shipment lost depot",
    "descale": "limescale vinegar chalk deposits water boiling filter",
}
CATEGORIES = {"password": "account", "refund": "billing", "parcel": "delivery", "descale": "care"}


def answer(label: str, **fields: object) -> Answer:
    known = {
        "workspace_id": "w",
        "id": f"id-{label}",
        "label": label,
        "title": label.title(),
        "body": f"Hello {{requester_name}}, about {label}.",
        "status": AnswerStatus.APPROVED,
        "category": CATEGORIES.get(label),
        "team": None,
        "language": None,
        "article_id": None,
        "used": 0,
        "succeeded": 0,
        "version": 1,
        "created_at": 0,
        "updated_at": 0,
    }
    return Answer.model_validate(known | fields)


def certificate(**fields: object) -> Certificate:
    """A live certificate over audited tickets for a workspace with the default settings."""
    known = {
        "id": "c1",
        "segment": "",
        "version": "v1",
        "standing": "certified",
        "alpha": 0.05,
        "delta": 1 - Settings().certainty,
        "look": 1,
        "spent": 0.03,
        "threshold": 0.5,
        "coverage": 0.8,
        "wrong_share": 0.01,
        "upper_bound": 0.04,
        "labels": 300,
        "automatic": 240,
        "errors": 3,
        "needed": None,
        "reason": "",
        "passed": [0.9, 0.7, 0.5],
        "excluded": segments.excluded(Settings()),
        "source": AUDIT,
        "live": True,
        "created_at": 0,
        "ended_at": None,
        "ended_because": "",
    }
    return Certificate.model_validate(known | fields)


def texts(label: str, count: int) -> list[str]:
    rng = np.random.default_rng(len(label))
    vocabulary = WORDS[label].split()
    return [" ".join(rng.choice(vocabulary, 4, replace=False)) for _ in range(count)]
