"""Sentence vectors: the encoder protocol, the bundled encoder and the cache. Importing this loads no runtime."""

from ticketflow.embeddings.bundled import BundledEncoder
from ticketflow.embeddings.cache import CachedEncoder
from ticketflow.embeddings.encoder import Encoder, Role, Vectors

__all__ = ["BundledEncoder", "CachedEncoder", "Encoder", "Role", "Vectors"]
