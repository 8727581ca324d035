"""The way out over a GSM modem of one's own: one serial port, one SIM.

`connector` joins the rest: `wire/at` speaks with the modem, `writing` makes PDUs of messages and names what reports
are found by; what every SIM needs is in `connectors/sim`.
"""

from depesza.connectors.modem.connector import Modem, build
from depesza.connectors.modem.settings import Settings

__all__ = ["Modem", "Settings", "build"]
