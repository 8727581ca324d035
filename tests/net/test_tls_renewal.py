"""A listener's certificate is presented anew after its files have changed, and never half."""

import asyncio
import os
import shutil
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.journeys.authority import make_authority

from depesza.net.http_server import HttpServer
from depesza.net.tls import Certificates, client_context
from depesza.wire.http import HttpReply, HttpRequest

pytestmark = pytest.mark.anyio


async def nothing(request: HttpRequest) -> HttpReply:
    return HttpReply(200)


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two authorities, each with a certificate for localhost."""
    made = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second")
    for folder in made:
        make_authority(folder, "localhost")
    return made


@pytest.fixture
async def live(authorities: tuple[Path, Path], tmp_path: Path) -> AsyncIterator[tuple[Certificates, HttpServer]]:
    """A listener with files of its own, from the first authority."""
    install(authorities[0], tmp_path)
    certificates = Certificates(str(tmp_path / "server.pem"), str(tmp_path / "server.key"))
    server = HttpServer(nothing, tls=certificates.context)
    await server.start()
    yield certificates, server
    await server.stop(0.2)


def install(authority: Path, folder: Path, *names: str) -> None:
    """Copy files as certbot does: a new file takes the place of the old one."""
    for name in names or ("server.pem", "server.key"):
        shutil.copy(authority / name, folder / f"{name}.new")
        os.replace(folder / f"{name}.new", folder / name)


async def meets(server: HttpServer, authority: Path, *, name: str | None = "localhost") -> bool:
    """Tell whether the listener shows a certificate of this authority."""
    context = client_context(ca_file=str(authority / "ca.pem"))
    context.check_hostname = name is not None
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=context, server_hostname=name or "")
    except ssl.SSLCertVerificationError:
        return False
    writer.close()
    return True


@pytest.mark.parametrize("name", ["localhost", None], ids=["sni", "no sni"])
async def test_new_connections_meet_the_new_certificate(
    live: tuple[Certificates, HttpServer], authorities: tuple[Path, Path], tmp_path: Path, name: str | None
) -> None:
    certificates, server = live
    first, second = authorities
    old = client_context(ca_file=str(first / "ca.pem"))
    reader, writer = await asyncio.open_connection("localhost", server.port, ssl=old)
    assert not certificates.refresh(), "nothing has changed"
    install(second, tmp_path)
    assert await meets(server, first, name=name), "nobody has looked yet"
    assert certificates.refresh()
    assert await meets(server, second, name=name)
    assert not await meets(server, first, name=name)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert await reader.readline() == b"HTTP/1.1 200 OK\r\n", "a connection that is open stays"
    writer.close()


async def test_a_certificate_whose_key_is_not_there_yet_is_not_presented(
    live: tuple[Certificates, HttpServer], authorities: tuple[Path, Path], tmp_path: Path
) -> None:
    certificates, server = live
    first, second = authorities
    install(second, tmp_path, "server.pem")
    with pytest.raises(ssl.SSLError):
        certificates.refresh()
    assert not certificates.refresh(), "told once"
    with pytest.raises(ssl.SSLError):
        certificates.refresh(force=True)
    assert await meets(server, first)
    install(second, tmp_path, "server.key")
    assert certificates.refresh()
    assert await meets(server, second)


async def test_files_that_are_gone_change_nothing(
    live: tuple[Certificates, HttpServer], authorities: tuple[Path, Path], tmp_path: Path
) -> None:
    certificates, server = live
    (tmp_path / "server.pem").unlink()
    with pytest.raises(FileNotFoundError):
        certificates.refresh()
    assert await meets(server, authorities[0])


def test_key_and_certificate_may_stand_in_one_file(authorities: tuple[Path, Path], tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes((authorities[0] / "server.key").read_bytes() + (authorities[0] / "server.pem").read_bytes())
    assert Certificates(str(both)).context.cert_store_stats() == {"x509": 0, "crl": 0, "x509_ca": 0}
