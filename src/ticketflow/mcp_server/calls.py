"""Calls of the API, as tools make them: JSON in and out, and every refusal a sentence.

The server checks the key, its scopes and its limits; nothing is allowed here that it does not allow.
"""

from typing import Any
from uuid import uuid4

import httpx2

from ticketflow.errors import TicketFlowError

TIMEOUT_SECONDS = 30.0


class Calls:
    """A TicketFlow server, asked with one API key."""

    def __init__(self, url: str, key: str, *, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
        self._client = httpx2.AsyncClient(
            base_url=url, headers=headers, timeout=TIMEOUT_SECONDS, transport=transport, follow_redirects=False
        )

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        """What a GET answers. Raises TicketFlowError."""
        asked = {name: value for name, value in query.items() if value not in (None, [], "")}
        return await self._answer("GET", path, params=asked)

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """What a POST answers; sent once, under a key of its own. Raises TicketFlowError."""
        given = {name: value for name, value in body.items() if value is not None}
        return await self._answer("POST", path, json=given, headers={"Idempotency-Key": str(uuid4())})

    async def close(self) -> None:
        """End the connections."""
        await self._client.aclose()

    async def _answer(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        try:
            response = await self._client.request(method, path, **options)
        except httpx2.RequestError as error:
            raise TicketFlowError(
                f"The TicketFlow server gives no answer ({type(error).__name__}).", remedy="Check --url; is it running?"
            ) from error
        try:
            answer: Any = response.json()
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise TicketFlowError(f"What answers at --url is no TicketFlow server (status {response.status_code}).")
        if not response.is_success:
            raise TicketFlowError(str(answer.get("detail", response.status_code)), remedy=answer.get("remedy"))
        return answer
