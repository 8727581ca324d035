"""One core for the process that writes, the others for its helper."""

import os
import threading

import pytest

from depesza.engine import cores


@pytest.mark.parametrize(
    ("node", "allowed", "mine", "others"),
    [
        (0, {0, 1}, {0}, {1}),
        (1, {0, 1}, {1}, {0}),
        (2, {3, 5, 9}, {9}, {3, 5}),
        (5, {3, 5, 9}, {9}, {3, 5}),
        (0, {7}, set(), set()),
    ],
)
def test_the_node_chooses_its_core(
    node: int, allowed: set[int], mine: set[int], others: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: allowed)
    assert cores.share(node) == (mine, others)


def test_all_threads_keep_to_a_core() -> None:
    before = os.sched_getaffinity(0)
    begun, end = threading.Event(), threading.Event()
    kept: list[set[int]] = []

    def other() -> None:
        begun.set()
        end.wait(5)
        kept.append(os.sched_getaffinity(0))

    thread = threading.Thread(target=other)
    thread.start()
    begun.wait(5)
    chosen = {max(before)}
    try:
        cores.keep_to(())
        assert os.sched_getaffinity(0) == before
        cores.keep_to(chosen)
        end.set()
        thread.join()
        assert [os.sched_getaffinity(0), *kept] == [chosen, chosen]
    finally:
        end.set()
        cores.keep_to(before)


def test_threads_are_patient_until_they_are_told_otherwise() -> None:
    before = os.sched_getscheduler(0)
    try:
        cores.be_patient(True)
        started: list[int] = []
        thread = threading.Thread(target=lambda: started.append(os.sched_getscheduler(0)))
        thread.start()
        thread.join()
        assert [os.sched_getscheduler(0), *started] == [os.SCHED_BATCH] * 2
        cores.be_patient(False)
        assert os.sched_getscheduler(0) == os.SCHED_OTHER
    finally:
        os.sched_setscheduler(0, before, os.sched_param(0))
