"""SMSC's HTTP API ("SMS-центр"): every script under /sys and /rest, and its callbacks; and its door for mail.

spec: smsc
"""

from depesza.dialects.smsc.dialect import Smsc
from depesza.dialects.smsc.mail_door import MailDoor, Options

__all__ = ["MailDoor", "Options", "Smsc"]
