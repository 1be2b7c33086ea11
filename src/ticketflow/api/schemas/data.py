"""Erasures and exports on the wire."""

from pydantic import Field, model_validator

from ticketflow.api.schemas.base import Flag, In, Moment, Name, Out, example
from ticketflow.api.schemas.tickets import RUN_ID, TICKET_ID

_COUNTS = {
    "tickets": 1,
    "cases": 1,
    "messages": 4,
    "attachments": 0,
    "decisions": 1,
    "runs": 1,
    "events": 6,
    "feedback": 1,
}
EXPORT_ID = "0192f0e4-11aa-7c00-8000-5a6b7c8d9e01"


class ErasureIn(In):
    """Whose data goes: everything that an address sent, one ticket, or both."""

    model_config = example({"ticket_id": TICKET_ID, "dry_run": True})

    requester_email: Name | None = Field(None, description="Where the tickets came from; capitals are equal.")
    ticket_id: Name | None = Field(None, description="A ticket.")
    dry_run: Flag = Field(False, description="Only count what would go.")

    @model_validator(mode="after")
    def _something(self) -> "ErasureIn":
        if self.requester_email is None and self.ticket_id is None:
            raise ValueError("nothing is named: send `requester_email` or `ticket_id`")
        return self


class ErasureOut(Out):
    """What goes, or would go."""

    model_config = example({"run_id": RUN_ID, "dry_run": False, "counts": _COUNTS})

    run_id: str | None = Field(description="The run that erases, for `GET /v1/runs/{run_id}`; null: none.")
    dry_run: bool
    counts: dict[str, int] = Field(description="How many rows of each kind go.")


class ExportOut(Out):
    """An export of the workspace."""

    model_config = example(
        {
            "id": EXPORT_ID,
            "state": "succeeded",
            "size": 48_213,
            "counts": {"tickets": 120, "messages": 410},
            "created_at": "2026-03-02T09:15:00.000Z",
            "expires_at": "2026-03-09T09:15:00.000Z",
        }
    )

    id: str = Field(description="The id of its run, too.")
    state: str = Field(description="`live`, `succeeded`, `failed` or `cancelled`; content is there once it succeeded.")
    size: int | None = Field(description="Bytes of the ZIP; null while there is none, and when it is gone.")
    counts: dict[str, int] = Field(description="How many rows of each kind it holds.")
    created_at: Moment
    expires_at: Moment = Field(description="When its content is removed; an erasure removes it at once.")
