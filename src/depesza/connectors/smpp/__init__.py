"""The way out to carriers that speak SMPP: `build` makes one connector, `Settings` lists what can be set.

`connector` joins the rest: `line` keeps a connection bound, `writing` makes PDUs of messages, `attempt` the
one outcome of their parts, `pace` the speed, `news` and `replies` what comes in, `acks` when it is answered.
"""

from depesza.connectors.smpp.connector import Smpp, build
from depesza.connectors.smpp.settings import Settings

__all__ = ["Settings", "Smpp", "build"]
