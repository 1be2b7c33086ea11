"""A TCP proxy before a database server that can be cut and mended, as a network can."""

import socket
import threading
from contextlib import suppress


class Proxy:
    """Passes bytes on to 127.0.0.1:`target`, until it is cut (connections end) or stalls (they do not, in silence)."""

    def __init__(self, target: int) -> None:
        self.target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._cut = threading.Event()
        self._flowing = threading.Event()
        self._flowing.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End every connection, and take new ones only to end them."""
        self._cut.set()
        for pair in self._pairs:
            _end(*pair)
        self._pairs.clear()

    def stall(self) -> None:
        """Keep every connection, take new ones, and pass nothing on."""
        self._flowing.clear()

    def mend(self) -> None:
        """Let connections through again, and what was held back."""
        self._cut.clear()
        self._flowing.set()

    def close(self) -> None:
        self.cut()
        self._flowing.set()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                try:
                    if self._cut.is_set():
                        raise ConnectionRefusedError
                    far = socket.create_connection(("127.0.0.1", self.target), timeout=5)
                except OSError:
                    _end(near)
                    continue
                far.settimeout(None)
                self._pairs.append((near, far))
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=_pass_on, args=(source, sink, self._flowing), daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket, flowing: threading.Event) -> None:
    with suppress(OSError):
        while chunk := source.recv(1 << 16):
            flowing.wait()
            sink.sendall(chunk)
    _end(source, sink)


def _end(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
