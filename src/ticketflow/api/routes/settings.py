"""Settings: what an operator changes while the product runs."""

from ticketflow.agent.changing import change_settings as change
from ticketflow.api.guard import Calling, needs, router
from ticketflow.api.schemas.settings import SettingsOut, SettingsPatch
from ticketflow.api.scopes import Scope
from ticketflow.store import settings

routes = router("Settings")


@routes.get("/settings", summary="Read the settings")
@needs(Scope.SETTINGS_READ)
def read_settings(calling: Calling) -> SettingsOut:
    """The settings in force, defaults included."""
    with calling.runtime.database.read() as session:
        return SettingsOut.model_validate(settings.get(session, calling.workspace_id))


@routes.patch("/settings", summary="Change settings")
@needs(Scope.SETTINGS_WRITE)
def change_settings(calling: Calling, body: SettingsPatch) -> SettingsOut:
    """Change some settings. `automation: false` stops every automatic reply at once, those under way included.

    Who asks for fewer wrong replies, or for more certainty, gets automatic replies only once a certificate proves it: a
    look at the graded tickets is queued at once.
    """
    with calling.runtime.database.write() as session:
        made = change(session, calling.workspace_id, body.changes(), calling.principal.actor)
    return SettingsOut.model_validate(made)
