"""Whether we are well, for everybody who asks. spec: devices/9"""

from importlib import metadata

from depesza.dialects.contract import Context
from depesza.dialects.smsgate.call import answer
from depesza.services import progress
from depesza.wire.http import HttpReply

LIVE = "/health/live"
PATHS = ("/health", LIVE, "/health/ready", "/health/startup")
RELEASE = 1
"""Grows when what this API promises changes."""


async def health(context: Context, path: str) -> HttpReply:
    """GET /health and its three sisters: whether the store can be read; being alive needs no store"""
    checks: dict[str, object] = {}
    good = True
    if path != LIVE:
        try:
            await context.store.look(progress.nothing)
        except Exception:  # whatever it is, somebody who watches us must hear of it
            good = False
        checks["store:connection"] = {
            "status": "pass" if good else "fail",
            "description": "The store can be read",
            "observedValue": int(good),
            "observedUnit": "",
        }
    word = "pass" if good else "fail"
    shown = {"status": word, "version": metadata.version("depesza"), "releaseId": RELEASE, "checks": checks}
    return answer(shown, 200 if good else 503)
