"""What the server's sockets are like."""

import asyncio
import socket

import pytest

from ticketflow.api.server import UNTAKEN_SECONDS, listen


async def accepted_with_nodelay(listener: socket.socket) -> bool:
    """Whether a connection that asyncio accepts from the listener sends small writes at once."""
    answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def connected(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted: socket.socket = writer.get_extra_info("socket")
        answer.set_result(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    async with await asyncio.start_server(connected, sock=listener):
        _, writer = await asyncio.open_connection(*listener.getsockname()[:2])
        sends_at_once = bool(await answer)
        writer.close()
    return sends_at_once


def test_no_response_waits_for_an_acknowledgement() -> None:
    with listen("127.0.0.1", 0) as listener:
        assert asyncio.run(accepted_with_nodelay(listener))


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux has it")
def test_a_connection_whose_other_side_takes_nothing_is_cut_by_the_system() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()[:2]):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == UNTAKEN_SECONDS * 1_000
