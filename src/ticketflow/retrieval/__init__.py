"""Finding what is known: text to chunks and terms, the vector index, full text, and their fusion."""

from ticketflow.retrieval.chunks import PreparedChunk, Source
from ticketflow.retrieval.filters import Filters
from ticketflow.retrieval.fusion import PRIOR, Fusion
from ticketflow.retrieval.index import VectorIndex
from ticketflow.retrieval.search import Hit, Search

__all__ = ["PRIOR", "Filters", "Fusion", "Hit", "PreparedChunk", "Search", "Source", "VectorIndex"]
