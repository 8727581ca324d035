"""The vendors whose APIs we speak: one folder each, one line each in `ALL`."""

from collections.abc import Callable

from depesza.dialects.contract import Context, Dialect
from depesza.dialects.http2sms import Http2Sms
from depesza.dialects.ovh import Ovh

ALL: tuple[Callable[[Context], Dialect], ...] = (Ovh, Http2Sms)
"""Makers of the dialects that the composition mounts."""
