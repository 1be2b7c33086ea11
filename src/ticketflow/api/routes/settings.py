"""Settings: what an operator changes while the product runs."""

from ticketflow import events
from ticketflow.api.guard import Calling, needs, router
from ticketflow.api.schemas.settings import SettingsOut, SettingsPatch
from ticketflow.api.scopes import Scope
from ticketflow.store import audit, settings

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
    """Change some settings. `automation: false` stops every automatic reply at once, those under way included."""
    changes = body.changes()
    actor = calling.principal.actor
    with calling.runtime.database.write() as session:
        before = settings.get(session, calling.workspace_id).model_dump(include=set(changes))
        made = settings.put(session, calling.workspace_id, changes, actor)
        if before != changes:
            events.append(session, calling.workspace_id, "settings.changed", names=sorted(changes))
            audit.record(
                session, calling.workspace_id, actor, "settings.changed", "settings", before=before, after=changes
            )
    return SettingsOut.model_validate(made)
