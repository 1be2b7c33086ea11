"""Which methods a path takes, over all of its routes: the framework's own 405 knows of one route alone."""

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path


def allowed(app: FastAPI, path: str) -> str:
    """The value of an `Allow` header (RFC 9110, 10.2.1) for a path that some route has.

    Of the routes that fit, those with the fewest parameters count: `bulk` is a name of its own and no ticket's id.
    """
    found: dict[int, set[str]] = {}
    for context in iter_route_contexts(app.routes):
        pattern, _, parameters = compile_path(str(context.path))
        if context.methods and pattern.match(path):
            found.setdefault(len(parameters), set()).update(context.methods)
    return ", ".join(sorted(found[min(found)])) if found else ""
