"""Every operation of SMSGate's API for programs, and the scope that a token needs for it. spec: devices/9"""

from msgspec import Struct

from depesza.dialects.smsgate import devices, errors, inbox, messages, settings, tokens, webhooks
from depesza.dialects.smsgate.call import Call, Handler
from depesza.dialects.smsgate.claims import REFRESH
from depesza.wire.http import HttpReply

BASES = ("/api/3rdparty/v1", "/3rdparty/v1")
"""As on the vendor's private server, and as on its public one."""


class Route(Struct, frozen=True):
    """One operation."""

    method: str
    path: str
    scope: str
    handler: Handler
    about: str
    alias: str = ""
    """Another path for the same."""


async def no_logs(call: Call) -> HttpReply:
    """GET /logs: 501 on the vendor's server too"""
    raise errors.SmsGateError(501, "Logs of phones are not kept here")


ROUTES = (
    Route("POST", "/messages", "messages:send", messages.send, "send a message to up to 100 numbers", "/message"),
    Route("GET", "/messages", "messages:list", messages.listed, "list messages, with X-Total-Count", "/message"),
    Route("GET", "/messages/{id}", "messages:read", messages.show, "what became of a message", "/message/{id}"),
    Route("DELETE", "/messages/{id}", "messages:cancel", messages.cancel, "take a waiting message back",
          "/message/{id}"),
    Route("POST", "/messages/inbox/export", "messages:export", inbox.export, "have phones tell their inbox again",
          "/inbox/export"),
    Route("GET", "/devices", "devices:list", devices.listed, "list the account's phones", "/device"),
    Route("DELETE", "/devices/{id}", "devices:delete", devices.remove, "remove a phone", "/device/{id}"),
    Route("GET", "/webhooks", "webhooks:list", webhooks.listed, "list webhooks"),
    Route("POST", "/webhooks", "webhooks:write", webhooks.put, "make or replace a webhook"),
    Route("DELETE", "/webhooks/{id}", "webhooks:delete", webhooks.remove, "remove a webhook"),
    Route("GET", "/settings", "settings:read", settings.show, "the phones' settings, without secrets"),
    Route("PUT", "/settings", "settings:write", settings.replace, "replace them"),
    Route("PATCH", "/settings", "settings:write", settings.change, "change some of them"),
    Route("GET", "/inbox", "inbox:list", inbox.listed, "list texts received, with X-Total-Count"),
    Route("POST", "/inbox/refresh", "inbox:refresh", inbox.refresh, "have phones tell their inbox again"),
    Route("GET", "/inbox/{id}/attachments/{part}", "inbox:read", inbox.attachment,
          "404: pictures are not kept here"),
    Route("GET", "/logs", "logs:read", no_logs, "501, as on the vendor's server"),
    Route("POST", "/auth/token", "tokens:manage", tokens.generate, "make a token"),
    Route("POST", "/auth/token/refresh", REFRESH, tokens.refresh, "renew a pair of tokens"),
    Route("DELETE", "/auth/token/{jti}", "tokens:manage", tokens.revoke, "take a token back"),
)  # fmt: skip
