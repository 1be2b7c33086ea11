"""Which methods a path takes, over all of its routes: the framework's own 405 knows of one route alone."""

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path


def allowed(app: FastAPI, path: str) -> str:
    """The value of an `Allow` header (RFC 9110, 10.2.1) for a path that some route has."""
    found: set[str] = set()
    for context in iter_route_contexts(app.routes):
        if context.methods and compile_path(str(context.path))[0].match(path):
            found |= context.methods
    return ", ".join(sorted(found))
