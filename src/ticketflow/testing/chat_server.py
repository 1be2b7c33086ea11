"""A local HTTP server that speaks the protocols of models, well or as badly as real ones do at times: chat, embeddings.

It holds no model: by default it answers from what the request shows it (`scripted.answer`), so that the product can be
tried without a key; a test gives it other words, or a `Mode`.
"""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from ticketflow.testing import scripted
from ticketflow.testing.embeddings_endpoint import RefusedRequest, VectorMode, embeddings

Answer = Callable[[dict[str, Any]], str]
"""From a request's body to the words of the answer."""


class Mode(StrEnum):
    """How the server behaves; everything but GOOD, FENCED and SLOW must cost the product its model and nothing else."""

    GOOD = "good"
    FENCED = "fenced"  # inside a Markdown fence, as many models write JSON
    TALKATIVE = "talkative"  # with words around it
    TRUNCATED = "truncated"  # cut off by the length limit
    GARBAGE = "garbage"  # no JSON at all
    WRONG_ENUM = "wrong_enum"
    DUPLICATE_KEYS = "duplicate_keys"
    EMPTY = "empty"  # 200 with no choices
    NOT_JSON = "not_json"  # 200 with a web page, as proxies send
    SLOW = "slow"  # after `seconds`
    RATE_LIMITED = "429"
    FAILING = "500"
    UNAUTHORISED = "401"
    HANG = "hang"  # takes the request and never answers
    RESET = "reset"  # takes the request and resets the connection


class ModelServer:
    """Serves on 127.0.0.1 from `start` to `stop`, or inside a `with` block.

    mode         in force for every request, until it is set to another one
    script       modes of the next requests, one each, before `mode` is in force again
    seconds      that SLOW waits
    retry_after  seconds that RATE_LIMITED asks for in its header; None sends no header
    requests     the bodies that came, in order
    heads        the path and the Authorization header that came with each
    """

    def __init__(
        self,
        mode: Mode | VectorMode = Mode.GOOD,
        *,
        answer: Answer = scripted.answer,
        script: Sequence[Mode | VectorMode] = (),
        seconds: float = 1.5,
        retry_after: float | None = None,
        port: int = 0,
    ) -> None:
        self.mode: Mode | VectorMode = mode
        self.answer = answer
        self.script = list(script)
        self.seconds = seconds
        self.retry_after = retry_after
        self.requests: list[dict[str, Any]] = []
        self.heads: list[tuple[str, str | None]] = []
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), self)

    @property
    def url(self) -> str:
        """The base URL to name as a provider's."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def start(self) -> "ModelServer":
        """Serve from threads of its own."""
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="model-server", daemon=True).start()
        return self

    def stop(self) -> None:
        """Serve no more; requests that hang are dropped."""
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> "ModelServer":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def next_mode(self, body: dict[str, Any], path: str, authorization: str | None) -> Mode | VectorMode:
        """Take note of a request, and say how it is to be answered."""
        with self._lock:
            self.requests.append(body)
            self.heads.append((path, authorization))
            return self.script.pop(0) if self.script else self.mode

    def pause(self, seconds: float | None) -> None:
        """Wait that long, or for ever, but no longer than the server lives."""
        self._stopped.wait(seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], owner: ModelServer) -> None:
        self.owner = owner
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that gave up is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body go out one after the other: each answer would wait 40 ms
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        """The list of models."""
        if self.path == "/v1/models":
            self._send(200, {"object": "list", "data": [{"id": scripted.MODEL, "object": "model"}]})
        else:
            self._send(404, _error("There is no such path.", "not_found"))

    def do_POST(self) -> None:
        """A chat completion or embeddings, in the mode in force."""
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))))
        if self.path not in (_CHAT, _EMBEDDINGS):
            self._send(404, _error("There is no such path.", "not_found"))
            return
        owner = self.server.owner
        mode = owner.next_mode(body, self.path, self.headers.get("authorization"))
        if mode is Mode.HANG:
            owner.pause(None)
            self.close_connection = True
        elif mode is Mode.RESET:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
        elif mode in _FAILURES:
            status, message = _FAILURES[mode]
            wait = {} if owner.retry_after is None else {"retry-after": f"{owner.retry_after:g}"}
            self._send(status, _error(message, mode), wait if mode is Mode.RATE_LIMITED else {})
        elif mode is Mode.NOT_JSON:
            self._send(200, "<html><body>It works!</body></html>")
        else:
            if mode is Mode.SLOW:
                owner.pause(owner.seconds)
            if self.path == _EMBEDDINGS:
                self._send_embeddings(body, mode)
            else:
                self._send(200, _completion(body, mode, owner.answer(body)))

    def _send_embeddings(self, body: dict[str, Any], mode: Mode | VectorMode) -> None:
        try:
            made = embeddings(body, mode)
        except RefusedRequest as error:
            self._send(400, _error(str(error), "invalid_request_error"))
            return
        written = json.dumps(made)
        self._send(200, written[: len(written) // 2] if mode is Mode.TRUNCATED else made)

    def _send(self, status: int, content: dict[str, Any] | str, headers: dict[str, str] | None = None) -> None:
        data = content.encode() if isinstance(content, str) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("content-type", "text/html" if isinstance(content, str) else "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is the base class's
        """Say nothing: the log is the product's."""


_CHAT, _EMBEDDINGS = "/v1/chat/completions", "/v1/embeddings"

_FAILURES: dict[Mode | VectorMode, tuple[int, str]] = {
    Mode.RATE_LIMITED: (429, "Too many requests."),
    Mode.FAILING: (500, "Something broke."),
    Mode.UNAUTHORISED: (401, "The key is not known."),
}


def _error(message: str, code: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": code, "code": code}}


def _completion(request: dict[str, Any], mode: Mode | VectorMode, words: str) -> dict[str, Any]:
    said = _said(mode, words)
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": said},
        "finish_reason": "length" if mode is Mode.TRUNCATED else "stop",
    }
    asked = sum(len(str(message.get("content"))) for message in request.get("messages", []))
    tokens = {"prompt_tokens": asked // 4, "completion_tokens": len(said) // 4}
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": request.get("model", scripted.MODEL),
        "choices": [] if mode is Mode.EMPTY else [choice],
        "usage": tokens | {"total_tokens": sum(tokens.values())},
    }


def _said(mode: Mode | VectorMode, words: str) -> str:
    if mode is Mode.FENCED:
        return f"```json\n{words}\n```"
    if mode is Mode.TALKATIVE:
        return f"Certainly! Here is what you asked for:\n\n{words}\n\nAnything else?"
    if mode is Mode.TRUNCATED:
        return words[: len(words) // 2]
    if mode is Mode.GARBAGE:
        return "I am sorry, but the parcel is lost in thought } { ]]"
    if mode is Mode.DUPLICATE_KEYS:
        first = next(iter(json.loads(words)))
        return f'{words.rstrip()[:-1]}, "{first}": "again"}}'
    if mode is Mode.WRONG_ENUM:
        found = json.loads(words)
        return json.dumps(found | {"priority": "apocalyptic", "unasked": True})
    return words
