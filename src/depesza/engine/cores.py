"""Which core does what: threads that share the interpreter's lock run best on one core, other processes beside it."""

import contextlib
import os
from collections.abc import Callable, Collection
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
    if cores:
        _each_thread(lambda thread: os.sched_setaffinity(thread, cores))


def be_patient(patient: bool) -> None:
    """Let a thread of this process that wakes up wait until the one on its core is done, or not.

    Threads that share the interpreter's lock gain nothing from pushing each other off: who is pushed off may hold it.
    """
    if hasattr(os, "SCHED_BATCH"):
        policy = os.SCHED_BATCH if patient else os.SCHED_OTHER
        _each_thread(lambda thread: os.sched_setscheduler(thread, policy, os.sched_param(0)))


def _each_thread(change: Callable[[int], None]) -> None:
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):  # a thread that has just ended, or what the system does not allow
            change(int(task.name))
