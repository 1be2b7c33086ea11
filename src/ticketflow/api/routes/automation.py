"""How automation stands, and its kill switch."""

from ticketflow.agent.changing import change_settings
from ticketflow.api.guard import Call, Calling, needs, router
from ticketflow.api.overview import overview
from ticketflow.api.schemas.automation import AutomationOut, ReasonIn
from ticketflow.api.scopes import Scope

routes = router("Automation")


@routes.get("/automation", summary="Read how automation stands")
@needs(Scope.SETTINGS_READ)
def read_automation(calling: Calling) -> AutomationOut:
    """For every segment what the agent may do, from which confidence, on which proof, and how the watch over it stands.
    Where it may not reply by itself, `objections` say why.
    """
    return overview(calling.runtime, calling.workspace_id)


@routes.post("/automation/stop", summary="Stop automatic replies")
@needs(Scope.SETTINGS_WRITE)
def stop_automation(calling: Calling, body: ReasonIn) -> AutomationOut:
    """The kill switch: sets `automation` to false. From this moment no process sends anything by itself, replies under
    way included; tickets go to people, with the agent's proposal. Stopping twice is no error.
    """
    return _switch(calling, body.reason, automation=False)


@routes.post("/automation/resume", summary="Resume automatic replies")
@needs(Scope.SETTINGS_WRITE)
def resume_automation(calling: Calling, body: ReasonIn) -> AutomationOut:
    """Set `automation` to true again. Certificates and the watch still decide what the agent may send."""
    return _switch(calling, body.reason, automation=True)


def _switch(calling: Call, reason: str, *, automation: bool) -> AutomationOut:
    with calling.runtime.database.write() as session:
        change_settings(
            session, calling.workspace_id, {"automation": automation}, calling.principal.actor, reason=reason
        )
    return overview(calling.runtime, calling.workspace_id)
