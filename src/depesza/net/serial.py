"""Serial lines: a port opened by pyserial, pumped by the loop as if it were a connection.

The port is a transport of asyncio, so the pump of `tcp.Link` serves it as it serves sockets. A modem that is pulled
out shows as a read or write that fails, or as an end of file: the connection is lost.
"""

import asyncio
import os
import termios
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import serial

from depesza.net import PortFailed
from depesza.net.tcp import Link, Session

S = TypeVar("S", bound=Session[Any])
E = TypeVar("E")

_CHUNK = 4096


class SerialTransport(asyncio.Transport):
    """One open port."""

    def __init__(self, port: serial.Serial, protocol: asyncio.Protocol) -> None:
        super().__init__({"serial": port})
        self._port = port
        self._fd = port.fileno()
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self._waiting = bytearray()
        self._closing = False
        self._lost = False
        os.set_blocking(self._fd, False)
        self._loop.add_reader(self._fd, self._read)
        self._loop.call_soon(protocol.connection_made, self)

    def is_closing(self) -> bool:
        """Tell whether it is closed, or will be."""
        return self._closing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write, now or as soon as the port takes more."""
        if self._closing:
            return
        if not self._waiting:
            self._loop.add_writer(self._fd, self._write)
        self._waiting += data

    def close(self) -> None:
        """Write what waits, then close."""
        self._closing = True
        if not self._waiting:
            self._lose(None)

    def abort(self) -> None:
        """Close at once."""
        self._lose(None)

    def pause_reading(self) -> None:
        """Read no more for now."""
        self._loop.remove_reader(self._fd)

    def resume_reading(self) -> None:
        """Read again."""
        if not self._lost:
            self._loop.add_reader(self._fd, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self._fd, _CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._lose(error)
            return
        if data:
            self._protocol.data_received(data)
        else:
            self._lose(OSError("the port is gone"))

    def _write(self) -> None:
        try:
            written = os.write(self._fd, self._waiting)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._lose(error)
            return
        del self._waiting[:written]
        if not self._waiting:
            self._loop.remove_writer(self._fd)
            if self._closing:
                self._lose(None)

    def _lose(self, error: Exception | None) -> None:
        """Close the port, once, and tell the protocol in the next turn."""
        self._closing = True
        if self._lost:
            return
        self._lost = True
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        with suppress(termios.error, OSError, serial.SerialException):  # it may be gone
            self._port.reset_output_buffer()  # a modem that takes nothing would hold up the close for seconds
        with suppress(OSError, serial.SerialException):
            self._port.close()
        self._loop.call_soon(self._protocol.connection_lost, error)


async def open_port(path: str, speed: int, factory: Callable[[], Link[S, E]], *, flow: bool = False) -> Link[S, E]:
    """Open a port for one program alone and give the link that `factory` made; PortFailed tells why it can't be.

    `speed` is in baud, `flow` asks for RTS and CTS.
    """
    try:
        port = await asyncio.to_thread(_open, path, speed, flow)  # some drivers take their time
    except (OSError, ValueError, termios.error) as error:  # a SerialException is an OSError
        raise PortFailed(path, str(error)) from error
    link = factory()
    SerialTransport(port, link)
    return link


def _open(path: str, speed: int, flow: bool) -> serial.Serial:
    return serial.Serial(path, speed, timeout=0, write_timeout=0, rtscts=flow, exclusive=True)
