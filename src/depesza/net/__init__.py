"""The only sockets of the house: HTTP in and out, the TCP/TLS pump, serial ports, the guard before outgoing calls.

Errors that leave this room:

    NetError
    ├── AddressInUse    we wanted to listen where somebody already does
    ├── ConnectFailed   nobody answered, or not as agreed; `reason` is one word
    ├── PortFailed      a serial port cannot be opened
    └── Forbidden       the guard does not let us go there
"""


class NetError(Exception):
    """Base of everything that `net` raises."""


class AddressInUse(NetError):
    """The address we were told to listen on is taken."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"{host} port {port} is already in use; stop the other program or choose another port")
        self.host = host
        self.port = port


class ConnectFailed(NetError):
    """No connection to the peer; `reason` is `refused`, `timeout`, `dns`, `tls` or `unreachable`."""

    def __init__(self, host: str, port: int, reason: str, detail: str = "") -> None:
        super().__init__(f"cannot connect to {host} port {port}: {reason}" + (f" ({detail})" if detail else ""))
        self.host = host
        self.port = port
        self.reason = reason


class PortFailed(NetError):
    """A serial port cannot be opened: it is not there, in use, or not ours to open."""

    def __init__(self, path: str, detail: str) -> None:
        super().__init__(f"cannot open {path}: {detail}")
        self.path = path


class Forbidden(NetError):
    """The guard refuses a URL or the address behind it."""
