"""What all ways over a SIM of one's own have in common: limits and pauses, texts and their parts, the numbers' words.

`modem` speaks with a modem itself, `gammu` through the tables of a daemon.
"""
