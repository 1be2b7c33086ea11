"""What stands in for the outside, in the product's tests and in those of whoever builds on it."""

from ticketflow.testing.fakes import FrozenClock, HashEncoder
from ticketflow.testing.model_server import Mode, ModelServer

__all__ = ["FrozenClock", "HashEncoder", "Mode", "ModelServer"]
