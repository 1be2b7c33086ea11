"""What the run adds to schemathesis: a request that fits its schema is taken, or refused for what it means.

A schema tells form. That two fields contradict each other, or that an object is not there, it does not tell in words
that client generators read. Each such refusal stands in MEANINGS with its reason; any other 422 to a fitting request
fails.
"""

import json
import re

import schemathesis
from schemathesis.checks import CheckContext
from schemathesis.core.transport import Response
from schemathesis.openapi.checks import RejectedPositiveData
from schemathesis.specs.openapi.checks import positive_data_acceptance

STATE = "whether an object or an entry of the settings exists is a matter of state"
OTHER_FIELD = "it depends on another field; `if` and `then`, which say that, are not read by client generators"

EVERY_TEXT = "a pattern at every text of the description would say it, and bury what matters there"

MEANINGS = {
    r"^This Idempotency-Key came with another request": "a key names one request; which one is a matter of state",
    r"the text holds a NUL character": EVERY_TEXT,
    r"the text is empty": EVERY_TEXT,
    r"^The key would have expired before it is made": "it depends on the time",
    r"^The sign-in link does not open anything": "a token is a secret, and each opens once",
    r"The cursor is not one of this list's": "a cursor is opaque, signed for one list and its filters",
    r"There is no answer ": STATE,
    r"^The newest event is ": STATE,
    r"^This URL is refused|may not be called": "which addresses may be called is the operator's to say",
    r"^There is no such source, or the message is not signed": "a signature is made with a secret",
    r"The moment is not within the five years": "it depends on the time",
    r"nothing is named: send ": OTHER_FIELD,
    r"send exactly one of ": OTHER_FIELD,
    r"has no accepted wrong share of its own": STATE,
    r"cannot be approved: a customer would read its title alone": OTHER_FIELD,
    r"`score` belongs to kind `csat`": OTHER_FIELD,
    r"a customer writes no internal notes": OTHER_FIELD,
    r"`right_answer_id` belongs to a grade other than `right`": OTHER_FIELD,
    r"Today's score version and a named one exclude each other": OTHER_FIELD,
    r"cannot move the metric": OTHER_FIELD,
    r"Both sides apply the same": OTHER_FIELD,
    r"^There is nothing to compare": OTHER_FIELD,
    r"^The side \w+ has no usable (threshold|search weights)": OTHER_FIELD,
    r"^The search weights of the side \w+ order nothing": OTHER_FIELD,
    r"^The threshold \S+ of the side \w+ is below the certified one": STATE,
}


@schemathesis.check
def fitting_requests_are_taken(ctx: CheckContext, response: Response, case: schemathesis.Case) -> None:
    """The check positive_data_acceptance, which knows statuses only, but for the refusals of MEANINGS."""
    try:
        positive_data_acceptance(ctx, response, case)
    except RejectedPositiveData:
        if not refused_for_its_meaning(response.status_code, response.content):
            raise


def refused_for_its_meaning(status: int, body: bytes) -> bool:
    """Whether the response is a problem that MEANINGS gives a reason for."""
    if status not in (401, 422):
        return False
    detail = json.loads(body)["detail"]
    return any(re.search(meaning, detail) for meaning in MEANINGS)
