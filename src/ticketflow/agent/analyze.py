"""Step 3: what the ticket is about, and which answers may fit. The work itself is in `understanding`."""

from ticketflow.agent.deps import Deps
from ticketflow.agent.understanding import understand
from ticketflow.domain import Analysis, Findings, Intake
from ticketflow.workflow.engine import State


def analyze(deps: Deps, state: State) -> Analysis:
    """Rank the answers and guess the attributes, from what `search` found and what the workspace has taught."""
    intake = state.output("ingest", Intake)
    experience = deps.reading(intake.encoder).experience
    known = experience.get(state.run.workspace_id)
    experience.keep(known)
    return understand(known, intake, state.output("search", Findings))
