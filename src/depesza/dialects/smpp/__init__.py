"""SMPP for customers: a listener of its own in front of the services that all dialects share."""

from depesza.dialects.smpp.door import Door
from depesza.dialects.smpp.options import Options

__all__ = ["Door", "Options"]
