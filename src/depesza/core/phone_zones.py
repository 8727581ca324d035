"""In which time zone a number is at home, as far as its digits tell."""

import phonenumbers

_USUAL = ("Europe/Moscow", "America/New_York")
"""Where somebody of a country of many zones is taken to be when the digits do not tell."""


def zone_of_number(e164: str) -> str:
    """Name the zone (IANA) of a number; UTC where nothing is known."""
    from phonenumbers import timezone  # half a megabyte that few need

    try:
        zones = timezone.time_zones_for_number(phonenumbers.parse(e164))
    except phonenumbers.NumberParseException:
        return "UTC"
    usual = next((zone for zone in _USUAL if zone in zones), zones[0])
    return "UTC" if usual == timezone.UNKNOWN_TIMEZONE else usual
