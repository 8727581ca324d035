"""`python -m depesza.cli.helper HANDLE`: carriers and callbacks in a process of their own, started by `serve`."""

import asyncio
import ctypes
import signal
import sys

from depesza import apart
from depesza.cli import logs
from depesza.cli.serve import spare_the_collector
from depesza.net.clock import wall_clock
from depesza.settings import Settings

PR_SET_PDEATHSIG = 1


def main(handle: int) -> None:
    """Run until the main process says that it is over; signals are for that one."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if sys.platform == "linux":  # elsewhere the end of the socket pair tells, a moment later
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(apart.serve(handle, _configure, spare_the_collector, wall_clock))


def _configure(settings: Settings) -> None:
    logs.configure(settings.log)


if __name__ == "__main__":
    main(int(sys.argv[1]))
