"""An HTTP proxy that knows a few hosts only, and takes all of them to one listener. rfc 9110 9.3.6"""

import asyncio
import contextlib
from asyncio import StreamReader, StreamWriter
from collections.abc import Sequence


class Tunnel:
    """The proxy; `asked` are the hosts with their ports that clients named."""

    def __init__(self, port: int, hosts: Sequence[str]) -> None:
        self.asked: list[str] = []
        self._port = port
        self._known = {f"{host}:443" for host in hosts}

    async def __aenter__(self) -> "Tunnel":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        method, target, _ = (await reader.readuntil(b"\r\n\r\n")).decode().split(" ", 2)
        self.asked.append(target)
        if method != "CONNECT" or target not in self._known:
            writer.close()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_pour(reader, back), _pour(there, writer))


async def _pour(source: StreamReader, target: StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    target.close()
