"""Whether a language model may be asked about a ticket now, for how long, and what the asking cost."""

from collections.abc import Sequence

from ticketflow.agent.deps import Deps
from ticketflow.clock import SECOND
from ticketflow.db import Session
from ticketflow.domain import Consultation, Draft, Intake, Level, ModelCall
from ticketflow.llm.chain import TICKET_SECONDS, TRY_SECONDS
from ticketflow.store import daily
from ticketflow.store.settings import Settings
from ticketflow.workflow.engine import State

TOKENS, COST = "language model tokens", "language model cost"
"""The daily counts that `max_model_tokens_per_day` and `max_model_cost_per_day` cap."""
INVENTED = "The language model wrote an address, link or number that it was not shown."
LEAST_SECONDS = TRY_SECONDS / 2  # with less, a model hardly answers, and asking would only open its breaker


def seconds_left(deps: Deps, state: State) -> float:
    """What a ticket may still wait for models: the clock runs from its arrival, waiting in a queue included."""
    waited = (deps.clock.now() - state.run.created_at) / SECOND
    return min(TICKET_SECONDS, TICKET_SECONDS - waited)


def obstacle(deps: Deps, state: State, settings: Settings, intake: Intake, left: float) -> str | None:
    """Why no model is asked, in a sentence; None where one may be."""
    if not deps.models:
        return "No language model is set up."
    if not settings.language_models:
        return "Language models are switched off for this workspace."
    if settings.level is Level.OFF:
        return "The agent is switched off."
    if intake.automatic is not None:
        return "The message was sent by a machine: nobody's words are worth a model's."
    if left < LEAST_SECONDS:
        return "The ticket had waited too long to wait for a language model as well."
    return capped(deps, state.run.workspace_id, settings)


def count_calls(_deps: Deps, session: Session, state: State, value: Consultation | Draft) -> None:
    """Count what a step's calls used, for the day's caps."""
    count(session, state.run.workspace_id, value.calls)


def count(session: Session, workspace_id: str, calls: Sequence[ModelCall]) -> None:
    """Count what calls used, for the day's caps."""
    tokens = sum(call.input_tokens + call.output_tokens for call in calls)
    cost = sum(call.cost for call in calls)
    for name, amount in ((TOKENS, tokens), (COST, cost)):
        if amount:
            daily.add(session, workspace_id, name, value=amount)


def capped(deps: Deps, workspace_id: str, settings: Settings) -> str | None:
    """Why the day's caps let nobody ask, in a sentence; None where they do."""
    most_tokens, most_cost = settings.max_model_tokens_per_day, settings.max_model_cost_per_day
    if most_tokens is None and most_cost is None:
        return None
    with deps.database.read() as session:
        tokens, cost = (daily.today(session, workspace_id, name) for name in (TOKENS, COST))
    if most_tokens is not None and tokens >= most_tokens:
        return f"The day's limit of {most_tokens:,} tokens for language models is reached."
    if most_cost is not None and cost >= most_cost:
        return f"The day's limit of {most_cost:g} for language models is reached."
    return None
