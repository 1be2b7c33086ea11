"""The version of this distribution. It is the version of the server whose description it was generated from."""

__version__ = "0.1.0"
