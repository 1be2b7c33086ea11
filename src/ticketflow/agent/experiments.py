"""Experiments: which tickets take part on which side, what the sides change, and how an experiment is started, stopped
and read. A side can make the agent more careful or search differently; it can never allow what nobody proved.
"""

from collections.abc import Mapping, Sequence
from math import ceil, isfinite
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ticketflow import events
from ticketflow.agent.coin import throw
from ticketflow.db import Session
from ticketflow.domain import Value
from ticketflow.errors import Conflict, InvalidInput
from ticketflow.learning import evalues
from ticketflow.retrieval.fusion import Fusion
from ticketflow.store import audit, certificates, experiments, workspaces
from ticketflow.store.experiments import (
    Experiment,
    ExperimentState,
    Factor,
    Metric,
    NewExperiment,
    Observation,
    Sides,
    SideValue,
)

CONTROL, TREATMENT = "control", "treatment"
CERTIFIED: Literal["certified"] = "certified"
LEARNED: Literal["learned"] = "learned"
IN_FORCE: dict[Factor, Literal["certified", "learned"]] = {Factor.THRESHOLD: CERTIFIED, Factor.FUSION: LEARNED}
"""The word for what a side applies when it changes nothing."""

METRICS = {Factor.THRESHOLD: (Metric.RESOLVED, Metric.WRONG), Factor.FUSION: (Metric.RIGHT,)}
"""What a factor can move, the usual choice first. A threshold proposes no other answer. The certificate was not proven
with other weights, so no reply goes out on such a side, and only the proposals can be compared."""

NO_WEIGHTS = Fusion(0.0, 0.0, 0.0).to_dict()
NAME_LENGTH, NOTE_LENGTH = 190, 2_000

DECISIVE = 20.0
"""The e-value that decides; reached by chance in 1 experiment of 20 at most, however often one looks."""
CERTAINTY = 1 - 1 / DECISIVE

_NOTHING_TO_COMPARE = {
    "encoder": "the bundled sentence encoder is the only one there is",
    "prompt": "no step of the agent uses a prompt",
}


class Interval(Value):
    """Where a figure lies, with the result's certainty, however often it is looked at."""

    low: float
    high: float


class SideReading(Value):
    """A side so far: tickets that took part, those with an outcome, and the share that the metric counts among them."""

    value: SideValue
    tickets: int
    outcomes: int
    mean: float | None
    interval: Interval


class Difference(Value):
    """The metric under treatment minus that under control."""

    estimate: float | None
    low: float
    high: float


class Result(Value):
    """An experiment as it reads now. `verdict` is the better side once the e-value reaches `decided_from`.

    `waiting` are audited tickets that do not count yet: the first without a grade, and those drawn after it.
    """

    experiment: Experiment
    metric: Metric
    sides: dict[str, SideReading]
    difference: Difference
    waiting: int
    e_value: float
    decided_from: float
    certainty: float
    verdict: Literal["control", "treatment", "undecided"]
    sentence: str
    read_at: int


def sides(running: Sequence[Experiment], secret: bytes, ticket_id: str) -> dict[str, str]:
    """The side of each experiment that the ticket takes part in, by experiment id. The same at every call."""
    found: dict[str, str] = {}
    for one in running:
        purpose = f"experiment|{one.id}"
        if throw(secret, purpose, ticket_id) < one.share:
            found[one.id] = CONTROL if throw(secret, f"{purpose}|side", ticket_id) < 0.5 else TREATMENT
    return found


def threshold_floor(running: Sequence[Experiment], variants: Mapping[str, str]) -> float | None:
    """The least confidence that the ticket's sides ask for beside the certificate's, None where they ask for none."""
    applied = _applied(running, variants, Factor.THRESHOLD)
    return max((value for value in applied if isinstance(value, float)), default=None)


def fusion_for(running: Sequence[Experiment], variants: Mapping[str, str], default: Fusion) -> Fusion:
    """The weights that search applies to the ticket: its side's, or `default` where that says nothing."""
    for value in _applied(running, variants, Factor.FUSION):
        if isinstance(value, dict):
            return Fusion.from_dict(value)
    return default


def unproven(running: Sequence[Experiment], variants: Mapping[str, str]) -> str | None:
    """Why no certificate covers the ticket, None where its sides change nothing that a proof rests on."""
    if any(isinstance(value, dict) for value in _applied(running, variants, Factor.FUSION)):
        return "The ticket takes part in an experiment with search weights that no certificate was proven with."
    return None


def plan(
    name: str,
    factor: str,
    control: SideValue | str,
    treatment: SideValue | str,
    *,
    share: float = 1.0,
    metric: str | None = None,
    note: str = "",
) -> NewExperiment:
    """An experiment as somebody asks for it, checked as far as that needs no database.

    Without a metric it is the factor's usual one. Raises InvalidInput, which names the field and the remedy.
    """
    kind = _factor(factor)
    if not 1 <= len(name.strip()) <= NAME_LENGTH:
        raise InvalidInput(f"An experiment's name has 1 to {NAME_LENGTH} characters.", field="name")
    if len(note) > NOTE_LENGTH:
        raise InvalidInput(f"An experiment's note has at most {NOTE_LENGTH:,} characters.", field="note")
    if not 0 < share <= 1:
        raise InvalidInput(
            f"The share of tickets that take part is {share:g}.",
            remedy="Give more than 0 and at most 1.",
            field="share",
        )
    checked = Sides(control=_side_value(kind, CONTROL, control), treatment=_side_value(kind, TREATMENT, treatment))
    if checked.control == checked.treatment:
        raise InvalidInput(
            f"Both sides apply the same {kind}: there is nothing to compare.",
            remedy=f"Change one of them; {IN_FORCE[kind]!r} stands for what is in force without an experiment.",
            field=f"sides/{TREATMENT}",
        )
    return NewExperiment(
        name=name.strip(), factor=kind, sides=checked, share=share, metric=_metric(kind, metric), note=note.strip()
    )


def start(session: Session, workspace_id: str, new: NewExperiment, author: str) -> Experiment:
    """Start an experiment: new tickets join it.

    Raises Conflict for a name that was used or while another one on the same factor runs, InvalidInput for a threshold
    below the certificate's.
    """
    workspaces.hold(session, workspace_id)
    for other in experiments.running(session, workspace_id):
        if other.factor is new.factor and other.name != new.name:
            raise Conflict(
                f"The experiment {other.name!r} on the {new.factor} is running; a second one would blur both.",
                remedy=f"Stop it first: `ticketflow experiment stop {other.id}`.",
                field="factor",
            )
    if new.factor is Factor.THRESHOLD:
        _require_certified(session, workspace_id, new.sides)
    made = experiments.add(session, workspace_id, new, author)
    told: dict[str, Any] = made.model_dump(mode="json", include={"name", "factor", "sides", "share", "metric"})
    events.append(session, workspace_id, "experiment.started", experiment_id=made.id, **told)
    audit.record(session, workspace_id, author, "experiment.started", made.id, **told)
    return made


def stop(session: Session, workspace_id: str, experiment_id: str, author: str) -> Experiment:
    """End an experiment: no ticket joins it any more, and every ticket gets what is in force. Its result stays.

    Stopping it twice is no error. Raises NotFound.
    """
    workspaces.hold(session, workspace_id)
    before = experiments.get(session, workspace_id, experiment_id)
    if before.state is ExperimentState.STOPPED:
        return before
    ended = experiments.stop(session, workspace_id, experiment_id)
    events.append(session, workspace_id, "experiment.stopped", experiment_id=ended.id, name=ended.name)
    audit.record(session, workspace_id, author, "experiment.stopped", ended.id, name=ended.name)
    return ended


def result(session: Session, workspace_id: str, experiment: Experiment) -> Result:
    """Read an experiment, running or not, from the grades that its audited tickets have by now."""
    seen = experiments.observations(session, workspace_id, experiment.id)
    closed = _closed(seen)
    treatment = np.array([one.side == TREATMENT for one in closed], bool)
    outcomes = np.array([_hit(experiment.metric, one) for one in closed], bool)
    taken = experiments.tickets(session, workspace_id, experiment.id)
    read = {
        CONTROL: _side_reading(experiment.sides.control, taken.get(CONTROL, 0), outcomes[~treatment]),
        TREATMENT: _side_reading(experiment.sides.treatment, taken.get(TREATMENT, 0), outcomes[treatment]),
    }
    values, counts = np.unique(evalues.contrasts(treatment, outcomes), return_counts=True)
    e_value = float(np.exp(min(evalues.log_e_value(values, counts), 690.0)))
    difference = _difference(read, evalues.difference_bounds(values, counts, CERTAINTY))
    verdict = _verdict(experiment.metric, difference, e_value)
    return Result(
        experiment=experiment,
        metric=experiment.metric,
        sides=read,
        difference=difference,
        waiting=len(seen) - len(closed),
        e_value=e_value,
        decided_from=DECISIVE,
        certainty=CERTAINTY,
        verdict=verdict,
        sentence=_sentence(experiment.metric, read, difference, e_value, verdict),
        read_at=session.now,
    )


def _applied(running: Sequence[Experiment], variants: Mapping[str, str], factor: Factor) -> list[SideValue]:
    """What the ticket's sides of the running experiments on a factor apply."""
    mine = [one for one in running if one.factor is factor and one.id in variants]
    return [one.sides.treatment if variants[one.id] == TREATMENT else one.sides.control for one in mine]


def _factor(word: str) -> Factor:
    known = " and ".join(factor.value for factor in Factor)
    if word in _NOTHING_TO_COMPARE:
        raise InvalidInput(
            f"There is nothing to compare: {_NOTHING_TO_COMPARE[word]}.",
            remedy=f"Experiments compare {known}.",
            field="factor",
        )
    if word not in list(Factor):
        raise InvalidInput(f"Experiments know no factor {word!r}.", remedy=f"They compare {known}.", field="factor")
    return Factor(word)


def _metric(factor: Factor, word: str | None) -> Metric:
    allowed = METRICS[factor]
    if word is None:
        return allowed[0]
    if word not in list(Metric):
        known = ", ".join(metric.value for metric in Metric)
        raise InvalidInput(f"Experiments know no metric {word!r}.", remedy=f"There are {known}.", field="metric")
    if Metric(word) not in allowed:
        raise InvalidInput(
            f"An experiment on the {factor} cannot move the metric {word!r}.",
            remedy=f"Choose {' or '.join(metric.value for metric in allowed)}.",
            field="metric",
        )
    return Metric(word)


def _side_value(factor: Factor, side: str, value: SideValue | str) -> SideValue:
    """The value in the form that is stored. Raises InvalidInput."""
    if value == IN_FORCE[factor]:
        return IN_FORCE[factor]
    if factor is Factor.THRESHOLD:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise InvalidInput(
                f"The side {side} has no usable threshold.",
                remedy=f"Give a confidence from 0 to 1, or {CERTIFIED!r} for the certificate's.",
                field=f"sides/{side}",
            )
        return float(value)
    if not isinstance(value, dict) or not value or not value.keys() <= NO_WEIGHTS.keys():
        raise InvalidInput(
            f"The side {side} has no usable search weights.",
            remedy=f"Give any of {', '.join(NO_WEIGHTS)} as numbers, or {LEARNED!r} for those that were learned.",
            field=f"sides/{side}",
        )
    weights = Fusion.from_dict({**NO_WEIGHTS, **value}).to_dict()
    if not all(isfinite(weight) and weight >= 0 for weight in weights.values()) or not any(weights.values()):
        raise InvalidInput(
            f"The search weights of the side {side} order nothing.",
            remedy="Give numbers from 0 up, at least one of them above 0.",
            field=f"sides/{side}",
        )
    return weights


def _require_certified(session: Session, workspace_id: str, chosen: Sides) -> None:
    """A looser threshold than the proven one would change nothing; whoever asks for it expects that it does."""
    live = [one for one in certificates.live(session, workspace_id).values() if one.threshold is not None]
    general = [one for one in live if one.segment == ""] or live
    least = min((one.threshold for one in general if one.threshold is not None), default=None)
    for side, value in ((CONTROL, chosen.control), (TREATMENT, chosen.treatment)):
        if least is not None and isinstance(value, float) and value < least:
            raise InvalidInput(
                f"The threshold {value:g} of the side {side} is below the certified one: nothing is proven there.",
                remedy=f"Choose {_rounded_up(least)} or more, or {CERTIFIED!r} for the certificate's own.",
                field=f"sides/{side}",
            )


def _rounded_up(threshold: float) -> str:
    return f"{ceil(threshold * 1_000) / 1_000:g}"


def _closed(seen: Sequence[Observation]) -> Sequence[Observation]:
    """Those up to the first without an outcome: grades come sooner for some tickets than for others, complaints for
    automatic replies only, and leaving out just what waits would count these first.
    """
    return seen[: next((place for place, one in enumerate(seen) if not one.known), len(seen))]


def _hit(metric: Metric, seen: Observation) -> bool:
    """Whether the metric counts the ticket. All metrics are shares of all audited tickets of a side: among automatic
    replies alone a stricter side would have easier tickets, and its share could not be compared.
    """
    if metric is Metric.RIGHT:
        return seen.proposed and not seen.wrong
    return seen.automatic and seen.wrong is (metric is Metric.WRONG)


def _side_reading(value: SideValue, taken: int, outcomes: NDArray[np.bool_]) -> SideReading:
    hits, count = int(outcomes.sum()), len(outcomes)
    low, high = evalues.share_bounds(hits, count, CERTAINTY)
    mean = hits / count if count else None
    return SideReading(value=value, tickets=taken, outcomes=count, mean=mean, interval=Interval(low=low, high=high))


def _difference(read: Mapping[str, SideReading], bounds: tuple[float, float]) -> Difference:
    """The interval is that of the contrasts, widened where it would leave out the difference of the means."""
    ours, theirs = read[TREATMENT].mean, read[CONTROL].mean
    low, high = bounds
    if ours is None or theirs is None:
        return Difference(estimate=None, low=low, high=high)
    estimate = ours - theirs
    return Difference(estimate=estimate, low=min(low, estimate), high=max(high, estimate))


def _verdict(metric: Metric, difference: Difference, e_value: float) -> Literal["control", "treatment", "undecided"]:
    if e_value < DECISIVE or difference.low <= 0 <= difference.high:
        return "undecided"
    more = difference.low > 0
    return "treatment" if more != (metric is Metric.WRONG) else "control"


def _sentence(
    metric: Metric, read: Mapping[str, SideReading], difference: Difference, e_value: float, verdict: str
) -> str:
    """The result for people, in percentage points."""
    if difference.estimate is None:
        missing = " and ".join(name for name, side in read.items() if side.mean is None)
        return f"Undecided: no ticket of {missing} has a grade that counts yet."
    low, high, estimate = (100 * bound for bound in (difference.low, difference.high, difference.estimate))
    if verdict == "undecided":
        total = sum(side.outcomes for side in read.values())
        return (
            f"Undecided after {total:,} graded tickets: treatment minus control is {estimate:+.1f} points so far and "
            f"may be anything from {low:+.1f} to {high:+.1f}; e-value {e_value:.2g}, decided from {DECISIVE:g}."
        )
    least, most = sorted((abs(low), abs(high)))
    gain = {
        Metric.RIGHT: f"gets {abs(estimate):.1f} points more of its tickets right",
        Metric.RESOLVED: f"resolves {abs(estimate):.1f} points more of its tickets",
        Metric.WRONG: f"replies wrongly to {abs(estimate):.1f} points fewer of its tickets",
    }[metric]
    return f"{verdict.capitalize()} {gain} (between {least:.1f} and {most:.1f}); e-value {e_value:.3g}: decided."
