"""One model tried by itself with a made-up ticket: does it answer, in the shape asked for, and how fast."""

from typing import NamedTuple

from ticketflow.llm.chain import OK, REPAIRED, Chain
from ticketflow.llm.gateway import Gateway
from ticketflow.llm.tasks import READING

_TICKET = {
    "ticket": {"text": "Hello, I forgot my password and cannot log in any more."},
    "guess": {"category": "account", "priority": "normal", "sentiment": "neutral", "language": "en"},
    "categories": ["account", "billing"],
    "answers": [{"id": "A1", "title": "password", "text": "Choose 'Forgot password' on the login page."}],
    "cases": [],
}
_REMEDIES = {
    "no connection": "Is the base_url right, and is the server running?",
    "timeout": "It answered within no 4 seconds, which is what a ticket can wait; a smaller model may.",
    "rate limited": "The provider asks for fewer requests; a second provider in TICKETFLOW_LLM would take over.",
    "no key": "Store one under the name that key_setting has, in the setting provider_keys.",
    "status 401": "The key is not accepted: check what key_variable or key_setting names.",
    "status 403": "The key may not use this model.",
    "status 404": "The provider knows no such model or path: check model and base_url (it usually ends in /v1).",
    "status 400": 'The provider refuses the request; one that takes no JSON schemas needs "native": false.',
}


class Trial(NamedTuple):
    """How it went, in a sentence."""

    good: bool
    sentence: str


def ask(gateway: Gateway) -> Trial:
    """Have one model read a ticket, past no other and no breaker."""
    chain = Chain([gateway])
    try:
        told = chain.ask(READING, _TICKET)
    finally:
        chain.close()
    last = told.calls[-1]
    if last.verdict == OK:
        cost = f", costs {last.cost:g}" if last.cost else ""
        return Trial(
            True,
            f"{last.model} answered as asked in {last.milliseconds / 1000:.1f} s "
            f"({last.input_tokens} tokens in, {last.output_tokens} out{cost})",
        )
    if last.verdict == REPAIRED:
        return Trial(True, f"{last.model} wraps the object in words: its readings will not hold an answer right")
    remedy = next((text for verdict, text in _REMEDIES.items() if last.verdict.startswith(verdict)), None)
    return Trial(False, f"{last.model}: {last.verdict}." + (f" {remedy}" if remedy else ""))
