"""What a phone is told to be set to, and to tell us: its settings and its webhooks. spec: devices/2.3, devices/2.4

Limits and delays of the app are off: we pace it, and what rots in the phone's queue misses its lease.
"""

from collections.abc import Mapping, Sequence

from depesza.dialects.smsgate_mobile import versions
from depesza.dialects.smsgate_mobile.codes import HOOKS
from depesza.dialects.smsgate_mobile.signature import address_secret
from depesza.dialects.smsgate_mobile.versions import knows
from depesza.services.devices import Device
from depesza.services.vault import Vault

OURS = {"webhooks": {"signing_key"}, "gateway": {"notification_channel", "cloud_url", "private_token"}}
"""What an owner's settings can't change: without it we would not understand the phone, or lose it."""


def settings(device: Device, version: str, vault: Vault) -> dict[str, dict[str, object]]:
    """Write a phone's settings: ours, and over them what its owner set."""
    found: dict[str, dict[str, object]] = {
        "messages": {"limit_period": "Disabled", "processing_order": "FIFO"},
        "ping": {"interval_seconds": device.ping},
        "webhooks": {"internet_required": True, "signing_key": vault.unseal(device.signing_key)},
    }
    if knows(version, versions.CHANNEL):
        found["gateway"] = {"notification_channel": "SSE_ONLY"}
    for part, values in device.settings.items():
        if isinstance(values, Mapping):
            kept = {name: value for name, value in values.items() if name not in OURS.get(part, ())}
            found.setdefault(part, {}).update(kept)
    return found


def webhooks(device: Device, version: str, vault: Vault, base: str) -> Sequence[Mapping[str, str]]:
    """List the news we ask a phone for: what one of its version knows, and of an MMS only what was downloaded."""
    secret = address_secret(vault, device.id, device.signing_key)
    url = f"{base}/api/mobile/v1/hooks/{device.id}/{secret}"
    return [
        {"id": event.replace(":", "-"), "deviceId": str(device.id), "url": url, "event": event}
        for event, since in HOOKS.items()
        if knows(version, since) and not (event == "mms:received" and knows(version, versions.MMS_DOWNLOADED))
    ]
