"""The API's description, for programs and for people. Both are made here; no page loads anything from elsewhere."""

from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse

from ticketflow.api import reference
from ticketflow.api.guard import public, router

routes = router("Docs", prefix="")


@routes.get("/openapi.json", include_in_schema=False)
@public
def openapi(request: Request) -> JSONResponse:
    """The OpenAPI document."""
    return JSONResponse(request.app.openapi())


@routes.get("/docs", include_in_schema=False)
@public
def docs(request: Request) -> HTMLResponse:
    """The reference as a page."""
    return HTMLResponse(
        reference.page(request.app.openapi()),
        headers={"Content-Security-Policy": reference.CONTENT_POLICY, "Cache-Control": "no-cache"},
    )
