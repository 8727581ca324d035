"""The way out for mail: one SMTP server, told in the settings."""

import aiosmtplib
from msgspec import Struct

from depesza.wire.http import HttpAnswer

NO_SERVER = "no mail server is set (mail.host)"


class MailServer(Struct, frozen=True):
    """Where mail is handed in."""

    host: str = ""
    """Empty: nowhere."""
    port: int = 587
    security: str = "starttls"
    """`tls`, `starttls` or `none`."""
    username: str = ""
    password: str = ""
    sender: str = ""
    """Address that all mail comes from."""
    timeout: float = 30.0


async def hand_in(server: MailServer, to: str, octets: bytes) -> HttpAnswer:
    """Give a mail to the server; never raises. The answer's status is SMTP's code, 0 when there was none."""
    try:
        await aiosmtplib.send(
            octets,
            sender=server.sender,
            recipients=[to],
            hostname=server.host,
            port=server.port,
            username=server.username or None,
            password=server.password or None,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            timeout=server.timeout,
        )
    except aiosmtplib.SMTPRecipientsRefused as error:
        refused = error.recipients[0]
        return HttpAnswer(refused.code, error=f"{refused.code} {refused.message}")
    except aiosmtplib.SMTPResponseException as error:
        return HttpAnswer(error.code, error=f"{error.code} {error.message}")
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        return HttpAnswer(0, error=" ".join(str(error).split()) or type(error).__name__)
    return HttpAnswer(250)
