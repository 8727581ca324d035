"""A carrier to develop and test against: a real SMPP server, phones that answer, faults on demand.

`run.serve(settings)` starts it, for `python -m depesza.simulator`, `depesza simulator`, the demo, the tests.

    line, account      one connection; the binds of one system id and the news that waits for them
    centre             what becomes of each submit: the fates of `wire.fates`, faults by rate
    operations         submit_multi, query_sm, cancel_sm, replace_sm
    messages, receipts what the centre knows of a message; how its receipts are written
    phones             inboxes, replies, waiting for a text
    carrier            the listening socket and the binds
    control            the HTTP API on the loopback

Imports: wire and net only. spec: carriers/A rows 6 and 7, carriers/C.1; docs/guides/simulator.md.
"""
