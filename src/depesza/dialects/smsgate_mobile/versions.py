"""What the app can do, by its version: an older one must not be told of what it does not know. spec: devices/2.1"""

import re

AGENT = re.compile(r"me\.capcom\.smsgateway/(\d+(?:\.\d+){1,2})")

Version = tuple[int, ...]

MMS_RECEIVED: Version = (1, 47)
MMS_DOWNLOADED: Version = (1, 56)
DATA: Version = (1, 39)
CHANNEL: Version = (1, 53)
STARTED: Version = (1, 66)
CANCELLING: Version = (1, 67)
"""Before, the app knows neither the state nor the event."""


def read_agent(agent: str) -> str:
    """Read the version of a `User-Agent`; empty where it is another program's."""
    found = AGENT.search(agent)
    return found[1] if found is not None else ""


def knows(version: str, since: Version) -> bool:
    """Tell whether an app of this version has what came with `since`; one that tells none is the oldest."""
    return not since or (bool(version) and tuple(map(int, version.split("."))) >= since)
