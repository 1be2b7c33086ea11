"""Search over everything a workspace knows."""

from ticketflow.api import searching
from ticketflow.api.guard import Calling, needs, router
from ticketflow.api.schemas.search import SearchIn, SearchOut, kinds_of
from ticketflow.api.scopes import Scope

routes = router("Search")


@routes.post("/search", summary="Search")
@needs(Scope.SEARCH_READ)
def search(calling: Calling, body: SearchIn) -> SearchOut:
    """Search cases, articles, answers and tickets by meaning and by words at once.

    Only published articles and answers that are not archived are found.
    """
    return searching.look(
        calling,
        body.text,
        kinds=kinds_of(body.kinds),
        limit=body.limit,
        filters=body.filters.model_dump(exclude_none=True),
    )
