"""Settings of the account's phones: read, replaced, changed, in either spelling of their names. spec: devices/2.4

The vendor's server and python client write `limit_period`, its npm client `limitPeriod`; each gets its own back.
Secrets are taken and never shown; which server a phone calls is not a program's to change.
"""

import re
from collections.abc import Callable, Mapping

from depesza.dialects.smsgate import errors
from depesza.dialects.smsgate.call import Call, answer
from depesza.services import phone_settings
from depesza.services.phone_settings import Sections
from depesza.wire.http import HttpReply

Check = Callable[[object], bool]


def _counts(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 1_000_000_000


def _flag(value: object) -> bool:
    return isinstance(value, bool)


def _text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 1000 and value.isprintable()


def _clock(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"(?:[01]\d|2[0-3]):[0-5]\d", value) is not None


def _one_of(*words: str) -> Check:
    return lambda value: value in words


RULES: dict[str, dict[str, Check]] = {
    "messages": {
        "send_interval_min": _counts,
        "send_interval_max": _counts,
        "limit_period": _one_of("Disabled", "PerMinute", "Per30Minutes", "PerHour", "PerDay"),
        "limit_value": _counts,
        "sim_selection_mode": _one_of("OSDefault", "RoundRobin", "Random"),
        "log_lifetime_days": _counts,
        "processing_order": _one_of("LIFO", "FIFO"),
        "work_hours_enabled": _flag,
        "work_hours_start": _clock,
        "work_hours_end": _clock,
    },
    "ping": {"interval_seconds": _counts},
    "logs": {"lifetime_days": _counts},
    "webhooks": {"internet_required": _flag, "retry_count": _counts, "signing_key": _text},
    "gateway": {"notification_channel": _one_of("SSE_ONLY")},
    "encryption": {"passphrase": _text},
    "receiver": {"content_provider_enabled": _flag},
}
"""Names and values that can be set; null takes one away."""
SECRET = {"webhooks": ("signing_key",), "encryption": ("passphrase",)}
OURS = {"gateway": ("cloud_url", "private_token")}
"""What every phone gets from its pairing, and from nowhere else."""


async def show(call: Call) -> HttpReply:
    """GET /settings"""
    return _shown(call, phone_settings.shown(call.context.store.facts, call.account.id))


async def replace(call: Call) -> HttpReply:
    """PUT /settings"""
    return await _put(call, {}, {})


async def change(call: Call) -> HttpReply:
    """PATCH /settings"""
    facts, account = call.context.store.facts, call.account.id
    secrets = phone_settings.secrets(facts, account, call.context.vault)
    return await _put(call, phone_settings.shown(facts, account), secrets)


async def _put(call: Call, shown: Sections, secrets: Sections) -> HttpReply:
    given = read(call.body(dict[str, object]))
    merged = phone_settings.merged(shown, _part(given, secret=False))
    _check_together(merged)
    sealed = phone_settings.sealed(call.context.vault, phone_settings.merged(secrets, _part(given, secret=True)))
    await call.run(phone_settings.put, call.account.id, merged, sealed, call.now)
    return _shown(call, merged)


def read(given: Mapping[str, object]) -> Sections:
    """Read settings in either spelling; raises 400."""
    found: Sections = {}
    for section, values in given.items():
        rules = RULES.get(section)
        if rules is None:
            raise errors.invalid(section[:50], "there is no such section")
        if values is None:
            continue
        if not isinstance(values, dict):
            raise errors.invalid(section, "write an object")
        for written, value in values.items():
            name = snake(str(written))
            if name in OURS.get(section, ()) and value is not None:
                raise errors.invalid(f"{section}.{name}", "is set by this server when a phone is paired")
            if name in OURS.get(section, ()):
                continue
            if name not in rules:
                raise errors.invalid(f"{section}.{written[:50]}", "there is no such setting")
            if value is not None and not rules[name](value):
                raise errors.invalid(f"{section}.{written}", "can't have this value")
            found.setdefault(section, {})[name] = value
    return found


def _check_together(settings: Sections) -> None:
    messages = settings.get("messages", {})
    least, most = messages.get("send_interval_min"), messages.get("send_interval_max")
    if isinstance(least, int) and isinstance(most, int) and most < least:
        raise errors.invalid("messages.send_interval_max", "must not be less than send_interval_min")
    if messages.get("work_hours_enabled") and not {"work_hours_start", "work_hours_end"} <= messages.keys():
        raise errors.invalid("messages.work_hours_enabled", "needs work_hours_start and work_hours_end")


def _part(settings: Sections, *, secret: bool) -> Sections:
    """Give the secrets, or all the rest."""
    return {
        section: {name: value for name, value in values.items() if (name in SECRET.get(section, ())) is secret}
        for section, values in settings.items()
    }


def _shown(call: Call, settings: Sections) -> HttpReply:
    """Answer in the caller's spelling: the npm client names itself."""
    if "client; js" not in call.request.headers.get("user-agent", ""):
        return answer(settings)
    return answer({section: {camel(name): each for name, each in of.items()} for section, of in settings.items()})


def snake(name: str) -> str:
    """Write `limitPeriod` as `limit_period`."""
    return re.sub(r"(?<=[a-z0-9])[A-Z]", lambda found: f"_{found[0].lower()}", name)


def camel(name: str) -> str:
    """Write `limit_period` as `limitPeriod`."""
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), name)
