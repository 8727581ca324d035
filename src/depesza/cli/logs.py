"""Log lines: JSON for machines or text for people, on stderr, with numbers and texts masked.

Every line is an event name (`room.what_happened`) with key-values. See docs/guides/operate.md.
"""

import logging
import re
import sys
from collections.abc import Callable
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from depesza.settings import LogSettings, SettingsError

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

NUMBERS = frozenset({"receiver", "receivers", "sender", "recipient", "number", "numbers", "phone", "peer"})
"""Keys whose values are phone numbers (or names of senders, which stay)."""
TEXTS = frozenset({"text", "texts", "message_text", "body", "reply"})
"""Keys whose values are what people write to each other."""
_LONG_NUMBER = re.compile(r"\+?\d{7,}")


def mask_number(text: str) -> str:
    """Hide all but the country and the last two digits: `+33600000001` is `+336…01`."""
    return _LONG_NUMBER.sub(lambda found: f"{found[0][:4]}…{found[0][-2:]}", text)


def mask_text(text: str) -> str:
    """Tell only how long it was."""
    return f"({len(text)} characters)"


def mask(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Hide the values of keys that are known to hold numbers and texts."""
    for key in event.keys() & NUMBERS:
        event[key] = _masked(event[key], mask_number)
    for key in event.keys() & TEXTS:
        event[key] = _masked(event[key], mask_text)
    return event


def _masked(value: object, hide: Callable[[str], str]) -> object:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return hide(str(value))
    if isinstance(value, list | tuple):
        return [_masked(each, hide) for each in value]
    return value


def check(settings: LogSettings) -> None:
    """Refuse settings that are none; raises `SettingsError`."""
    if settings.level not in LEVELS:
        raise SettingsError(f"log.level: {settings.level!r} is not one of {', '.join(LEVELS)}")
    if settings.format not in ("json", "text"):
        raise SettingsError(f"log.format: {settings.format!r} is not json or text")


def configure(settings: LogSettings, stream: TextIO | None = None) -> None:
    """Set logging up for this process; raises `SettingsError`."""
    check(settings)
    stream = stream or sys.stderr
    structlog.configure(
        processors=processors(settings, colors=stream.isatty()),
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[settings.level]),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )


def processors(settings: LogSettings, *, colors: bool = False) -> list[Processor]:
    """List the steps that a line goes through."""
    steps: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if settings.mask:
        steps.append(mask)
    if settings.format == "text":
        return [*steps, structlog.dev.ConsoleRenderer(colors=colors, pad_event_to=28)]
    return [
        *steps,
        structlog.processors.dict_tracebacks,
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
    ]
