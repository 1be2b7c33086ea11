"""Attachments: sent as the bytes that they are, and given back so that no browser opens them."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Query, Request, Response

from ticketflow.agent import attaching
from ticketflow.api.documented import fails, problem
from ticketflow.api.guard import Calling, needs, router
from ticketflow.api.schemas.attachments import AttachmentList, AttachmentOut, AttachmentQuery
from ticketflow.api.scopes import Scope
from ticketflow.store import attachments, media_types, tickets
from ticketflow.store.attachments import Attachment

routes = router("Attachments")

_BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_UPLOAD = {"requestBody": {"required": True, "content": {media_types.UNKNOWN: _BINARY}}}
_CONTENT: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file's bytes.", "content": dict.fromkeys(media_types.KNOWN, _BINARY)},
    304: {"description": "The caller has these bytes already."},
}


async def _raw(request: Request) -> bytes:
    return await request.body()


@routes.post(
    "/tickets/{ticket_id}/attachments",
    status_code=201,
    summary="Attach a file",
    responses={**fails(404, 409), 413: problem(413)},
    openapi_extra=_UPLOAD,
)
@needs(Scope.TICKETS_WRITE)
def attach_file(
    calling: Calling,
    ticket_id: str,
    query: Annotated[AttachmentQuery, Query()],
    content: Annotated[bytes, Depends(_raw)],
) -> AttachmentOut:
    """Send a file of up to 10 MB as the body, whatever its `Content-Type`; up to 20 for one message. What it is, is
    told by its first bytes.

    Attachments are for people: the agent reads none of them, and decides as if they were not there.
    """
    with calling.runtime.database.write() as session:
        made = attaching.attach(
            session,
            calling.workspace_id,
            ticket_id,
            query.name,
            content,
            calling.principal.actor,
            message_id=query.message_id,
        )
    return AttachmentOut.model_validate(made)


@routes.get("/tickets/{ticket_id}/attachments", summary="List a ticket's attachments", responses=fails(404))
@needs(Scope.TICKETS_READ)
def list_ticket_attachments(calling: Calling, ticket_id: str) -> AttachmentList:
    """The files of a ticket and of those that were merged into it, without their contents."""
    with calling.runtime.database.read() as session:
        tickets.get(session, calling.workspace_id, ticket_id)
        family = tickets.family(session, calling.workspace_id, ticket_id)
        found = attachments.of_tickets(session, calling.workspace_id, family)
    return AttachmentList(items=[AttachmentOut.model_validate(one) for one in found])


@routes.get(
    "/attachments/{attachment_id}/content",
    summary="Read an attachment's content",
    response_class=Response,
    responses={**fails(404), **_CONTENT},
)
@needs(Scope.TICKETS_READ)
def read_attachment_content(calling: Calling, attachment_id: str, request: Request) -> Response:
    """A file's bytes, always as a download. The `ETag` is its digest: with `If-None-Match`, what the caller has already
    is not sent again.
    """
    with calling.runtime.database.read() as session:
        found = attachments.get(session, calling.workspace_id, attachment_id)
        headers = {"ETag": f'"{found.digest}"', "Content-Disposition": _disposition(found)}
        if headers["ETag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        content = attachments.content(session, calling.workspace_id, attachment_id)
    headers["X-Content-Type-Options"] = "nosniff"
    # Set as a header of its own: a text would be given a charset that nobody has looked for.
    return Response(content, headers={**headers, "Content-Type": found.media_type})


def _disposition(found: Attachment) -> str:
    """RFC 6266: a name in plain letters for old readers, and the whole one."""
    plain = "".join(sign if sign.isascii() and sign.isprintable() and sign != "%" else "_" for sign in found.name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(found.name, safe='')}"


@routes.delete(
    "/attachments/{attachment_id}",
    status_code=204,
    summary="Remove an attachment",
    response_description="The file is gone.",
    responses=fails(404),
)
@needs(Scope.TICKETS_WRITE)
def remove_attachment(calling: Calling, attachment_id: str) -> None:
    """Remove a file with its content. It cannot be undone."""
    with calling.runtime.database.write() as session:
        attaching.detach(session, calling.workspace_id, attachment_id, calling.principal.actor)
