"""The page on which a phone joins: opened by its camera from a QR code, it shows what to type into the app.

The app has no scanner and no link of its own, so the code leads here. spec: devices/5
"""

import hashlib
from base64 import b64encode
from html import escape

import segno
from msgspec import Struct

from depesza.services.devices import SimSaid
from depesza.wire.http import HttpReply

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:1.5rem auto;padding:0 1rem;color:#1a1a2e}"
    "h1{font-size:1.4rem}h2{font-size:1.1rem;margin:1.6rem 0 .3rem}ol{padding-left:1.3rem}li{margin:.7rem 0}"
    ".copy{display:flex;gap:.5rem;margin:.3rem 0}.copy input{flex:1;min-width:0;padding:.6rem;font:inherit;"
    "font-family:monospace;border:1px solid #99a;border-radius:.3rem}button{padding:.6rem 1rem;font:inherit}"
    ".bad{background:#fdd;padding:.6rem}.qr{text-align:center}.qr svg{max-width:100%;height:auto}"
    "small{color:#556}"
)
SCRIPT = (
    'for(const b of document.querySelectorAll("button[data-copy]"))b.onclick=async()=>{'
    "const f=document.getElementById(b.dataset.copy);f.select();"
    'try{await navigator.clipboard.writeText(f.value)}catch(e){document.execCommand("copy")}'
    'b.textContent="Copied"}'
)


def _hashed(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


POLICY = (
    f"default-src 'none'; style-src {_hashed(STYLE)}; script-src {_hashed(SCRIPT)}; form-action 'self';"
    " frame-ancestors 'none'; base-uri 'none'"
)
GUARDS = (
    ("Content-Security-Policy", POLICY),
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)


ONE_SIM = (SimSaid(slot=1),)
"""What CHT Gateway tells of its SIM cards: nothing, so there is one."""


class Invitation(Struct, frozen=True):
    """What a pairing page tells."""

    base: str
    """Our address, such as `https://sms.example.org`."""
    code: str
    minutes: int
    """For which the code is still good."""

    @property
    def url(self) -> str:
        """Address of the page itself, which the QR code holds."""
        return f"{self.base}/pair/{self.code}"

    @property
    def api(self) -> str:
        """What is typed into the app as its server."""
        return f"{self.base}/api/mobile/v1"


def qr_svg(text: str, scale: int = 6) -> str:
    """Draw a text as a QR code."""
    drawn: str = segno.make(text, error="m", micro=False).svg_inline(scale=scale, svgclass=None, lineclass=None)
    return drawn


def invitation_page(brand: str, invitation: Invitation) -> HttpReply:
    """Write the page of a code that is good."""
    i = invitation
    warning = "" if i.base.startswith("https://") else _told("The app calls https addresses only, and this is none.")
    steps = "".join(
        f"<li>{step}</li>"
        for step in (
            "Install <b>SMS Gateway for Android</b> (SMSGate), and allow it to send and receive SMS.",
            f"<b>Settings, Cloud server, API URL</b>: {_copied('url', i.api)}",
            "<b>Settings, Cloud server, Notification channel</b>: choose <b>SSE only</b>."
            " Without it the phone waits for pushes that only the app's maker can send.",
            f"Back on the first page switch <b>Cloud server</b> on, choose <b>By code</b>: {_copied('code', i.code)}",
        )
    )
    return _page(
        brand,
        "Add a phone",
        f"{warning}<ol>{steps}</ol><small>The code works once, for {i.minutes} minutes more.</small>"
        f'<h2>On a computer?</h2><p class="qr">Point the phone\'s camera here:<br/>{qr_svg(i.url)}</p>'
        "<h2>Or the app CHT Gateway</h2><p>It has one address, with a name and a password in it, and sends text"
        " only. Making that address uses up the code.</p>"
        '<form method="post"><button name="app" value="cht">Make an address for CHT Gateway</button></form>',
    )


def cht_page(brand: str, address: str) -> HttpReply:
    """Write the page with the address of a phone that runs CHT Gateway; it is shown this once."""
    return _page(
        brand,
        "Your phone's address",
        "<p>In CHT Gateway choose <b>Settings, Generic</b> and enter this address. It is shown only now.</p>"
        f'{_copied("url", address)}<p class="qr">{qr_svg(address)}</p>',
    )


def refusal_page(brand: str, text: str, status: int) -> HttpReply:
    """Write why there is nothing to see."""
    return _page(brand, "Add a phone", _told(text), status)


def _page(brand: str, title: str, body: str, status: int = 200) -> HttpReply:
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)} - {escape(brand)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
        f"<h1>{escape(title)}</h1>{body}<script>{SCRIPT}</script></html>"
    )
    return HttpReply(status, text.encode(), "text/html; charset=utf-8", GUARDS)


def _told(text: str) -> str:
    return f'<p class="bad">{escape(text)}</p>'


def _copied(id: str, value: str) -> str:
    shown = f'<input id="{id}" readonly="readonly" value="{escape(value)}"/>'
    return f'<div class="copy">{shown}<button type="button" data-copy="{id}">Copy</button></div>'
