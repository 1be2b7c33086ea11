"""Names looked up with a deadline: the system's resolver can neither be interrupted nor told how long it may take."""

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from ticketflow.outbound.addresses import Address

LookUp = Callable[[str, float], Sequence[Address]]
"""The addresses of a name, found within so many seconds.

Raises OSError where it has none or none can be found out, TimeoutError where that takes longer.
"""

MOST = 32  # under way at once: each is a thread that may hang for as long as the resolver likes

_places = threading.BoundedSemaphore(MOST)


def look_up(host: str, seconds: float) -> Sequence[Address]:
    """See LookUp. Asks the system, /etc/hosts included."""
    until = time.monotonic() + seconds
    if not _places.acquire(timeout=max(seconds, 0)):
        raise TimeoutError
    found: Future[list[Address]] = Future()
    try:
        threading.Thread(target=_ask, args=(host, found), name="outbound-look-up", daemon=True).start()
    except RuntimeError:  # the system gives no more threads
        _places.release()
        raise OSError from None
    return found.result(max(until - time.monotonic(), 0))


def _ask(host: str, found: Future[list[Address]]) -> None:
    try:
        answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        found.set_result([ipaddress.ip_address(answer[4][0]) for answer in answers])
    except Exception as error:  # noqa: BLE001 whatever it is, it is the caller's
        found.set_exception(error)
    finally:
        _places.release()
