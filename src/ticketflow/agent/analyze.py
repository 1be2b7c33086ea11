"""Step 3: what the ticket is about, and which answers may fit. The work itself is in `understanding`."""

from ticketflow.agent.deps import Deps
from ticketflow.agent.understanding import understand
from ticketflow.domain import Analysis, Findings, Intake
from ticketflow.workflow.engine import State


def analyze(deps: Deps, state: State) -> Analysis:
    """Rank the answers and guess the attributes, from what `search` found and what the workspace has taught."""
    known = deps.experience.get(state.run.workspace_id)
    deps.experience.keep(known)
    return understand(known, state.output("ingest", Intake), state.output("search", Findings))
