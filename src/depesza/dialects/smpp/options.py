"""What the operator decides about the listeners for SMPP; `settings.SmppSettings` declares it."""

from msgspec import Struct

from depesza.wire.smpp.settings import Settings, Timers

RESPONSE = 30.0
"""Seconds in which a customer answers what we send; then it counts as not taken."""


class Options(Struct, frozen=True, kw_only=True):
    """Addresses, certificate and limits."""

    host: str = "127.0.0.1"
    port: int = 2775
    """-1: no listener without TLS."""
    tls_port: int = -1
    tls_cert: str = ""
    tls_key: str = ""
    client_ca: str = ""
    """Authority of which customers must show a certificate on the TLS port; empty: none is asked for."""
    system_id: str = "depesza"
    connections: int = 1000
    """Connections at once; more are cut."""
    bind_seconds: float = 10.0
    """Within which a connection must bind."""
    inactivity: float = 120.0
    """Seconds without a PDU after which a connection ends."""
    window: int = 50
    """Receipts and replies that a bind may leave unanswered."""
    keep: float = 7 * 86_400.0
    """Seconds for which news waits for a customer."""

    def session(self) -> Settings:
        """The settings of each connection: who is silent is asked in time for an answer."""
        patience = min(RESPONSE, self.inactivity / 2)
        timers = Timers(
            session_init=self.bind_seconds, enquire_link=self.inactivity - patience, inactivity=0.0, response=patience
        )
        return Settings(window=self.window, timers=timers, interface_version=0x34, system_id=self.system_id)
