"""SMSC's HTTP API ("SMS-центр"): every script under /sys and /rest, and its callbacks. spec: smsc"""

from depesza.dialects.smsc.dialect import Smsc

__all__ = ["Smsc"]
