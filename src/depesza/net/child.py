"""A process of ours that is started to help: its program and one end of a socket pair."""

import asyncio
import socket
import subprocess
import sys
from contextlib import suppress


class Child:
    """Such a process."""

    def __init__(self, program: str) -> None:
        """Start the module `program` with the number of its end of the pair as its argument; raises `OSError`."""
        self.program = program
        self.pair, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", program, str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                process_group=0,  # Ctrl-C is for us: it ends when we tell it to
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def end(self, grace: float = 0.0) -> None:
        """Wait until it has ended, no longer than `grace` seconds; then kill it."""
        if grace:
            with suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(self._process.wait, grace)
        self._process.kill()
        await asyncio.to_thread(self._process.wait)
