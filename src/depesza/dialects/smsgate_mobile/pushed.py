"""What a phone is told to be set to, and to tell us: its settings and its webhooks. spec: devices/2.3, devices/2.4

Limits and delays of the app are off: we pace it, and what rots in the phone's queue misses its lease.
"""

from collections.abc import Mapping, Sequence
from itertools import chain

from depesza.core.facts import Facts
from depesza.dialects.smsgate_mobile import versions
from depesza.dialects.smsgate_mobile.codes import HOOKS
from depesza.dialects.smsgate_mobile.signature import address_secret
from depesza.dialects.smsgate_mobile.versions import knows
from depesza.services import phone_settings
from depesza.services.devices import PING, Device
from depesza.services.phone_settings import Sections
from depesza.services.vault import Vault

OURS = {"webhooks": {"signing_key"}, "gateway": {"notification_channel", "cloud_url", "private_token"}}
"""What an owner's settings can't change: without it we would not understand the phone, or lose it."""
LONGEST_PING = 86_400


def settings(device: Device, version: str, vault: Vault, facts: Facts) -> Sections:
    """Write a phone's settings: ours, over them what its account set for all its phones, then what was set for it."""
    found: Sections = {
        "messages": {"limit_period": "Disabled", "processing_order": "FIFO"},
        "ping": {"interval_seconds": device.ping},
        "webhooks": {"internet_required": True, "signing_key": vault.unseal(device.signing_key)},
    }
    if knows(version, versions.CHANNEL):
        found["gateway"] = {"notification_channel": "SSE_ONLY"}
    account = device.account
    wanted = (phone_settings.shown(facts, account), phone_settings.secrets(facts, account, vault), device.settings)
    for part, values in chain.from_iterable(each.items() for each in wanted):
        if isinstance(values, Mapping):
            kept = {name: value for name, value in values.items() if name not in OURS.get(part, ())}
            if kept:
                found.setdefault(part, {}).update(kept)
    return found


def ping_of(pushed: Sections) -> int:
    """Tell how many seconds pass between a phone's calls, with these settings."""
    seconds = pushed["ping"].get("interval_seconds")
    return seconds if isinstance(seconds, int) and 0 < seconds <= LONGEST_PING else PING


def webhooks(device: Device, version: str, vault: Vault, base: str) -> Sequence[Mapping[str, str]]:
    """List the news we ask a phone for: what one of its version knows, and of an MMS only what was downloaded."""
    secret = address_secret(vault, device.id, device.signing_key)
    url = f"{base}/api/mobile/v1/hooks/{device.id}/{secret}"
    return [
        {"id": event.replace(":", "-"), "deviceId": str(device.id), "url": url, "event": event}
        for event, since in HOOKS.items()
        if knows(version, since) and not (event == "mms:received" and knows(version, versions.MMS_DOWNLOADED))
    ]
