"""http2sms, OVH's way to send a text by one address in a browser's bar. spec: ovh/5"""

from depesza.dialects.http2sms.dialect import Http2Sms

__all__ = ["Http2Sms"]
