"""Markup of the few pages that people see: plain HTML, no script, everything escaped."""

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape
from urllib.parse import urlsplit

from depesza.wire.http import HttpReply

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem;color:#1a1a2e}"
    "h1{font-size:1.4rem}label{display:block;margin:.8rem 0}input,select,textarea{display:block;width:100%;"
    "box-sizing:border-box;padding:.5rem;font:inherit}textarea{height:9rem;font-family:monospace}"
    "button{padding:.6rem 1.2rem;font:inherit;margin-right:.6rem}code{background:#eef;padding:.1rem .3rem;"
    "overflow-wrap:anywhere}.bad{background:#fdd;padding:.6rem}"
)
_STYLE_HASH = b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()


def page(
    title: str,
    body: str,
    *,
    status: int = 200,
    brand: str,
    headers: tuple[tuple[str, str], ...] = (),
    towards: str = "",
) -> HttpReply:
    """Write a page; `towards` is where its form may lead a browser besides ourselves."""
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)} - {escape(brand)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
        f"<h1>{escape(title)}</h1>{body}</html>"
    )
    return HttpReply(status, text.encode(), "text/html; charset=utf-8", (*_guards(towards), *headers))


def _guards(towards: str) -> tuple[tuple[str, str], ...]:
    policy = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'; base-uri 'none'"
    return (
        ("Content-Security-Policy", f"{policy}; form-action 'self'{_origin(towards)}"),
        ("Cache-Control", "no-store"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
    )


def _origin(url: str) -> str:
    """Name the origin of an address for the policy; browsers hold redirects after a form to it too."""
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    except ValueError:
        return ""
    return f" {origin}" if origin.isascii() and not set(origin) & set(" ;,'\"") else ""


def form(inputs: Iterable[str], buttons: Sequence[tuple[str, str]], hidden: dict[str, str]) -> str:
    """Write a form that posts to the page's own address; buttons are (value of `decision`, text)."""
    kept = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in hidden.items()
    )
    shown = "".join(
        f'<button name="decision" value="{escape(value)}">{escape(text)}</button>' for value, text in buttons
    )
    return f'<form method="post">{kept}{"".join(inputs)}{shown}</form>'


def field(label: str, name: str, kind: str = "text", value: str = "") -> str:
    """Write a labelled input."""
    return (
        f'<label>{escape(label)}<input name="{escape(name)}" type="{kind}" value="{escape(value)}"'
        ' maxlength="1000" autocomplete="off"></label>'
    )


def area(label: str, name: str, value: str) -> str:
    """Write a labelled text of several lines."""
    return f'<label>{escape(label)}<textarea name="{escape(name)}">{escape(value)}</textarea></label>'


def choice(label: str, name: str, options: Iterable[tuple[str, str]], chosen: str) -> str:
    """Write a labelled choice of (value, text)."""
    items = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(text)}</option>'
        for value, text in options
    )
    return f'<label>{escape(label)}<select name="{escape(name)}">{items}</select></label>'


def told(text: str, *, bad: bool = False) -> str:
    """Write a paragraph."""
    return f'<p class="bad">{escape(text)}</p>' if bad else f"<p>{escape(text)}</p>"


def listed(items: Iterable[str]) -> str:
    """Write a list of code words."""
    return "<ul>" + "".join(f"<li><code>{escape(item)}</code></li>" for item in items) + "</ul>"


def pairs(items: Iterable[tuple[str, str]]) -> str:
    """Write names and values."""
    return "<dl>" + "".join(f"<dt>{escape(n)}</dt><dd><code>{escape(v)}</code></dd>" for n, v in items) + "</dl>"
