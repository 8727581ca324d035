"""Which core does what: threads that share the interpreter's lock run best on one core, other processes beside it."""

import contextlib
import os
from collections.abc import Collection
from pathlib import Path


def share(node: int) -> tuple[set[int], set[int]]:
    """Share out the cores that this process may use: one for itself, the others for its helper.

    The node's number chooses, so that several nodes on one machine do not meet. Both are empty where there is
    only one core, or where the system can't tell.
    """
    if not hasattr(os, "sched_getaffinity"):
        return set(), set()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return set(), set()
    mine = cores[node % len(cores)]
    return {mine}, set(cores) - {mine}


def keep_to(cores: Collection[int]) -> None:
    """Keep all threads of this process to these cores; none means that nothing is changed."""
    if not cores:
        return
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):  # a thread that has just ended, or a core that was taken away
            os.sched_setaffinity(int(task.name), cores)
