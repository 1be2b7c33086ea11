"""What tests of the API call with."""

from typing import Any

from starlette.testclient import TestClient

from ticketflow.domain import Workspace

SECRET = "a secret of the tests, long enough"


class Caller:
    """A client of one key. `workspace` is the key's."""

    def __init__(self, client: TestClient, workspace: Workspace, key: str) -> None:
        self._client = client
        self.workspace = workspace
        self.key = key

    def __call__(self, method: str, path: str, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.key}", **options.pop("headers", {})}
        return self._client.request(method, path, headers=headers, **options)

    def get(self, path: str, **options: Any) -> Any:
        return self("GET", path, **options)

    def post(self, path: str, body: Any) -> Any:
        return self("POST", path, json=body)

    def put(self, path: str, body: Any) -> Any:
        return self("PUT", path, json=body)

    def patch(self, path: str, body: Any) -> Any:
        return self("PATCH", path, json=body)
