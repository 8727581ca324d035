"""What the simulator is told when it starts, declared once: `__main__` makes its options from here."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

LOOPBACK = ("127.0.0.1", "::1", "localhost")
DEMO = {"demo": "demo"}

MessageIds = Literal["decimal", "hex", "uuid"]
UsualForm = Literal["text", "tlv", "both"]
Alphabet = Literal["gsm7", "latin1"]

_NotNegative = Meta(ge=0)
_Port = Meta(ge=0, le=65535)


class SettingsError(ValueError):
    """The settings cannot be used; the sentence says why."""


class SimulatorSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A carrier's address, its customers and its habits."""

    host: Annotated[str, Meta(description="address of the SMPP server")] = "127.0.0.1"
    port: Annotated[int, _Port, Meta(description="its port; 0: any free one")] = 0
    http_host: Annotated[str, Meta(description="address of the control API")] = "127.0.0.1"
    http_port: Annotated[int, _Port, Meta(description="its port; 0: any free one")] = 0
    accounts: Annotated[
        dict[str, str],
        Meta(description="system ids and passwords; demo/demo is for the loopback only"),
    ] = field(default_factory=lambda: dict(DEMO))
    max_binds: Annotated[int, _NotNegative, Meta(description="most binds of a system id; 0: no limit")] = 0
    certfile: Annotated[str, Meta(description="certificate (PEM): the SMPP server then speaks TLS")] = ""
    keyfile: Annotated[str, Meta(description="its private key, when it is not in the same file")] = ""
    window: Annotated[int, Meta(ge=1, description="most receipts that a bind may leave unanswered")] = 100
    enquire_link: Annotated[float, _NotNegative, Meta(description="seconds of silence before asking")] = 30.0
    response_timer: Annotated[
        float, _NotNegative, Meta(description="seconds to wait for an answer; then a receipt is sent again")
    ] = 30.0
    message_ids: Annotated[MessageIds, Meta(description="how message ids look")] = "decimal"
    receipts: Annotated[UsualForm, Meta(description="where receipts say what they say")] = "both"
    date_digits: Annotated[
        Literal[10, 12, 14, 16],
        Meta(description="dates in receipts: minutes, seconds, full year, with zone"),
    ] = 10
    alphabet: Annotated[Alphabet, Meta(description="what data_coding 0 means")] = "gsm7"
    per_second: Annotated[
        int, _NotNegative, Meta(description="most submits of a system id in any second; 0: no limit")
    ] = 0
    response_latency: Annotated[float, _NotNegative, Meta(description="seconds until a response")] = 0.0
    receipt_latency: Annotated[float, _NotNegative, Meta(description="seconds from there to a receipt")] = 0.0
    time_scale: Annotated[float, _NotNegative, Meta(description="factor on the seconds of the fates; 0.01 hurries")] = (
        1.0
    )
    rates: Annotated[dict[str, float], Meta(description="faults by name and percent: throttled=5")] = {}
    fates: Annotated[bool, Meta(description="receivers decide their fate by their last digits")] = True
    phones: Annotated[bool, Meta(description="receivers keep their texts and answer")] = True
    inbox: Annotated[int, Meta(ge=1, description="most texts that a phone keeps")] = 200
    most_phones: Annotated[int, Meta(ge=1, description="most phones that are kept")] = 10_000
    log: Annotated[int, _NotNegative, Meta(description="most submits kept for GET /messages")] = 10_000
    remember: Annotated[int, _NotNegative, Meta(description="most messages kept for query_sm")] = 10_000
    seed: Annotated[int, Meta(description="of all chance; the same seed, the same faults")] = 0


LEAN = {"fates": False, "phones": False, "log": 0, "remember": 0}
"""What a benchmark's sink does not do: any number is delivered, nothing is kept."""


def check(settings: SimulatorSettings) -> None:
    """Refuse what would be unsafe; SettingsError."""
    if not settings.accounts:
        raise SettingsError("no system id is set: nobody could bind")
    if settings.host not in LOOPBACK and any(settings.accounts.get(key) == DEMO[key] for key in DEMO):
        raise SettingsError(
            f"demo/demo is for the loopback only; set accounts of your own to listen on {settings.host}"
        )
