"""Measures the whole cycle of a message: `scripts/bench` starts `run.py`, which prints docs/performance.md.

    run        options, order of work, the printed table
    rows       the rows: what is done and what is measured
    cycle      those that measure whole cycles in closed loop
    kannel     the same cycles through Kannel, where it is installed
    running    what rows share: their results, the other ends, the product under load
    bars       first bars, goals and other products' figures
    load       HTTP load generator: signed jobs over kept connections, in closed or open loop
    sinks      the other ends: an SMPP carrier and a receiver of callbacks, which count
    tally      what became of each message; losses and doubles
    product    depesza as a process of its own: start, stop, CPU, memory, profile
    serve      that process, and `profiling` what it does on request
    world      stores with accounts, keys, connector; a queue of a million
    ceilings   what load generator and sinks can do when nothing is in between
    machine    what it was measured on
    page       the table, on the terminal and as a page

The product shares out the cores as it does anywhere, everything else has the last one.
Times are seconds of `time.perf_counter`.
"""
