"""The simulator behind TLS, and with a certificate that is not there. spec: carriers/C.1#28"""

import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from simulator_client import Client, simulated

from depesza.net.tls import client_context
from depesza.simulator.__main__ import main
from depesza.wire.smpp.events import Bound

pytestmark = pytest.mark.anyio


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Give a file with a certificate for localhost and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, none = serialization.Encoding.PEM, serialization.NoEncryption()
    file = tmp_path / "localhost.pem"
    file.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, none))
    return file


async def test_a_client_binds_over_tls_and_gets_its_receipt(certificate: Path) -> None:
    tls: ssl.SSLContext = client_context(ca_file=str(certificate))
    async with simulated(certfile=str(certificate)) as simulator:
        client = Client()
        await client.connect(simulator, tls=tls)
        assert isinstance(await client.bind(), Bound)
        answer = await client.submit("+33601020304")
        (receipt,) = await client.receipts_after(1)
        assert client.link.tls.startswith("TLSv1.") and receipt.ids == (answer.message_id,)
        client.hang_up()


def test_a_certificate_that_is_not_there_is_told_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--certfile", "/nowhere.pem"]) == 1
    assert "the certificate '/nowhere.pem' cannot be used" in capsys.readouterr().err
