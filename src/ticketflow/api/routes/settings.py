"""Settings: what an operator changes while the product runs."""

from fastapi import Response

from ticketflow.agent import provider_keys
from ticketflow.agent.changing import change_settings as change
from ticketflow.api import etags
from ticketflow.api.etags import IfMatch
from ticketflow.api.guard import Call, Calling, needs, router
from ticketflow.api.schemas.settings import SettingList, SettingsOut, SettingsPatch
from ticketflow.api.scopes import Scope
from ticketflow.api.settings_schema import described
from ticketflow.db import Session
from ticketflow.errors import Forbidden
from ticketflow.store import settings, workspaces

routes = router("Settings")


@routes.get("/settings", summary="Read the settings", responses=etags.tagged())
@needs(Scope.SETTINGS_READ)
def read_settings(calling: Calling, response: Response) -> SettingsOut:
    """The settings in force, defaults included. Of secret ones it says whether they are set, and how they end."""
    with calling.runtime.database.read() as session:
        found, tag = _in_force(calling, session)
    etags.mark(response, tag)
    return found


@routes.get("/settings/schema", summary="List what can be set")
@needs(Scope.SETTINGS_READ)
def list_settings(calling: Calling) -> SettingList:
    """Every setting with its category, type, default and what it takes, and who changed it when."""
    with calling.runtime.database.read() as session:
        rows = settings.rows(session, calling.workspace_id)
    return SettingList(items=described(rows))


@routes.patch("/settings", summary="Change settings", responses=etags.tagged(checked=True))
@needs(Scope.SETTINGS_WRITE)
def change_settings(calling: Calling, body: SettingsPatch, response: Response, if_match: IfMatch = None) -> SettingsOut:
    """Change some settings. `automation: false` stops every automatic reply at once, those under way included.

    Who asks for fewer wrong replies, or for more certainty, gets automatic replies only once a certificate proves it: a
    look at the graded tickets is queued at once. Keys in `provider_keys` are refused with 403 in any workspace but the
    installation's own.
    """
    workspace_id, actor = calling.workspace_id, calling.principal.actor
    with calling.runtime.database.write() as session:
        workspaces.hold(session, workspace_id)
        etags.require(if_match, _in_force(calling, session)[1])
        change(session, workspace_id, body.changes(), actor)
        if body.provider_keys:
            if not provider_keys.may_change(session, workspace_id, calling.runtime.config):
                raise Forbidden("Providers are the installation's: their keys are set in its own workspace only.")
            provider_keys.change(session, calling.runtime.secrets, workspace_id, body.provider_keys, actor)
        made, tag = _in_force(calling, session)
    etags.mark(response, tag)
    return made


def _in_force(calling: Call, session: Session) -> tuple[SettingsOut, str]:
    """The settings with the tag of their state: rows' versions tell it, and values, for defaults differ by release."""
    values = settings.get(session, calling.workspace_id).model_dump()
    keys = provider_keys.shown(session, calling.workspace_id, calling.runtime.config)
    found = SettingsOut.model_validate({**values, "provider_keys": keys})
    return found, etags.of_state(found.model_dump_json(), settings.rows(session, calling.workspace_id))
