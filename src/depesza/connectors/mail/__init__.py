"""The way out for e-mail: to any mail server, over SMTP.

`writing` makes a mail of a message, `connector` hands it over, `words` says what servers mean, `bounces` what comes
back by mail.
"""

from depesza.connectors.mail.connector import Mail, build
from depesza.connectors.mail.settings import Settings

__all__ = ["Mail", "Settings", "build"]
