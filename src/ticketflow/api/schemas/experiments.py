"""Experiments and their results on the wire."""

from typing import Annotated, Literal

from pydantic import Field

from ticketflow.api.schemas.base import In, Moment, Name, Number, Out, PageQuery, Text, example
from ticketflow.store.experiments import Factor, Metric

_ID = "0192f0c1-7a55-7cc0-8000-3f1a5e9b1c77"
_NEW = {
    "name": "stricter than proven",
    "factor": "threshold",
    "sides": {"control": "certified", "treatment": 0.95},
    "share": 0.5,
    "metric": "resolved",
    "note": "Do we lose much by asking for 0.95?",
}
_EXPERIMENT = {
    "id": _ID,
    **_NEW,
    "state": "running",
    "author": "key:3k9x0qv7m2ab81tz",
    "created_at": "2026-03-02T09:15:00.000Z",
    "ended_at": None,
}
_RESULT = {
    "experiment": _EXPERIMENT,
    "metric": "resolved",
    "sides": {
        "control": {
            "value": "certified",
            "tickets": 4012,
            "outcomes": 401,
            "mean": 0.621,
            "interval": {"low": 0.534, "high": 0.703},
        },
        "treatment": {
            "value": 0.95,
            "tickets": 3987,
            "outcomes": 399,
            "mean": 0.484,
            "interval": {"low": 0.397, "high": 0.572},
        },
    },
    "difference": {"estimate": -0.137, "low": -0.249, "high": -0.024},
    "waiting": 12,
    "e_value": 183.4,
    "decided_from": 20.0,
    "certainty": 0.95,
    "verdict": "control",
    "sentence": "Control resolves 13.7 points more of its tickets (between 2.4 and 24.9); e-value 183: decided.",
    "read_at": "2026-05-02T09:15:00.000Z",
}

Value = Name | Number | dict[Name, Number]
"""What a side applies: a word for what is in force, a threshold, or weights of the search."""

_VALUE = (
    "Of a threshold: a confidence from 0 to 1, or `certified` for the certificate's. Of fusion: the weights "
    "`similarity`, `lexical` and `both`, or `learned` for those in force."
)


class SidesIn(In):
    """The two sides; one of them usually is what is in force."""

    control: Value = Field(description=_VALUE)
    treatment: Value = Field(description=_VALUE)


class ExperimentIn(In):
    """What is to be compared."""

    model_config = example(_NEW)

    name: Name = Field(description="Its name, used once in a workspace.")
    factor: Name = Field(
        description="What differs between the sides: `threshold` or `fusion`.",
        # Told, not checked here: the agent's own refusal says why other factors are none.
        json_schema_extra={"enum": [*Factor]},
    )
    sides: SidesIn = Field(description="What each side applies.")
    share: Number = Field(1.0, gt=0.0, le=1.0, description="Share of tickets that take part, half on each side.")
    metric: Annotated[Name, Field(json_schema_extra={"enum": [*Metric]})] | None = Field(
        None,
        description="Share that is compared: `resolved` (the default) or `wrong` of a threshold, `right` of fusion.",
    )
    note: Text = Field("", max_length=2_000, description="Why it is done.")


class SidesOut(Out):
    """What the two sides apply."""

    control: str | float | dict[str, float]
    treatment: str | float | dict[str, float]


class ExperimentOut(Out):
    """An experiment as it stands, without its result."""

    model_config = example(_EXPERIMENT)

    id: str
    name: str
    factor: str
    sides: SidesOut
    share: float
    metric: str
    note: str
    state: Literal["running", "stopped"]
    author: str
    created_at: Moment
    ended_at: Moment | None


class ExperimentPage(Out):
    """Some experiments, newest first."""

    model_config = example({"items": [_EXPERIMENT], "next_cursor": None})

    items: list[ExperimentOut]
    next_cursor: str | None = Field(description="Ask for the next page with it; null on the last one.")


class ExperimentQuery(PageQuery):
    """Which page of the experiments."""


class IntervalOut(Out):
    """Where a figure lies, however often it is looked at."""

    low: float
    high: float


class SideOut(Out):
    """A side so far."""

    value: str | float | dict[str, float]
    tickets: int = Field(description="Tickets that took part on this side.")
    outcomes: int = Field(description="Those of them that the metric counts: audited and graded.")
    mean: float | None = Field(description="The share that the metric names; null without an outcome.")
    interval: IntervalOut


class DifferenceOut(Out):
    """The metric under treatment minus that under control."""

    estimate: float | None
    low: float
    high: float


class ResultOut(Out):
    """An experiment with what its graded tickets show by now. All intervals hold at every look together."""

    model_config = example(_RESULT)

    experiment: ExperimentOut
    metric: str
    sides: dict[str, SideOut] = Field(description="`control` and `treatment`.")
    difference: DifferenceOut
    waiting: int = Field(
        description="Audited tickets that do not count yet: the first without a grade and all later ones."
    )
    e_value: float = Field(description="Evidence against the sides being equal.")
    decided_from: float = Field(description="The e-value that decides.")
    certainty: float = Field(description="Of the intervals, and of a verdict.")
    verdict: Literal["control", "treatment", "undecided"] = Field(description="The better side.")
    sentence: str = Field(description="The result in words.")
    read_at: Moment
