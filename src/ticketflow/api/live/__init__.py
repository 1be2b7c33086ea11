"""Live events: streams over WebSocket and SSE that begin where the reader left off and go on as events are committed.

    opening     who asks, from where, for what; one-time tickets
    hub         all streams of this process: caps, permission that is looked at again, slow readers, the orderly end
    tails       the one thread that reads the log for all of them
    stream      one reader's way through the log
    websocket, sse   the two forms on the wire

Not the list of events: that is `routes/events.py`.
"""

from ticketflow.api.live.hub import Caps, Hub

__all__ = ["Caps", "Hub"]
