"""Sentence vectors: the encoder protocol, the encoders and the cache. Importing this loads no runtime and no client."""

from ticketflow.embeddings.bundled import BundledEncoder
from ticketflow.embeddings.cache import CachedEncoder
from ticketflow.embeddings.encoder import Encoder, Role, Vectors
from ticketflow.embeddings.fastembed import FastembedEncoder
from ticketflow.embeddings.remote import JinaEncoder, OpenAIEncoder

__all__ = [
    "BundledEncoder",
    "CachedEncoder",
    "Encoder",
    "FastembedEncoder",
    "JinaEncoder",
    "OpenAIEncoder",
    "Role",
    "Vectors",
]
