"""What stands in for the outside, in the product's tests and in those of whoever builds on it."""

from ticketflow.testing.chat_server import Mode, ModelServer
from ticketflow.testing.embeddings_endpoint import VectorMode
from ticketflow.testing.fakes import FrozenClock, HashEncoder

__all__ = ["FrozenClock", "HashEncoder", "Mode", "ModelServer", "VectorMode"]
