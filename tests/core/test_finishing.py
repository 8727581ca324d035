"""What is done to texts last."""

import pytest

from depesza.core.finishing import finish
from depesza.core.model import Extras, Submission
from depesza.wire import Unencodable, wap
from depesza.wire.gsm import Encoding, write_text


def submission(text: str, *texts: str, **options: object) -> Submission:
    receivers = ("+79990000001", "+79990000002")
    return Submission(dialect="ovh", sender="", receivers=receivers, text=text, texts=texts, **options)  # type: ignore[arg-type]


def test_texts_stay_where_nothing_is_asked() -> None:
    plain = submission("x" * 500)
    assert finish(plain) is plain


def test_all_texts_are_cut() -> None:
    assert finish(submission("x" * 500, fit=1)).text == "x" * 160
    cut = finish(submission("", "x" * 500, "щ" * 100, fit=1))
    assert cut.texts == ("x" * 160, "щ" * 70)


def test_a_push_becomes_octets() -> None:
    extras = Extras(push=True, partner=7)
    pushed = finish(submission("", "http://a.b/\nOne", "http://a.b/\nTwo", extras=extras))
    read = [wap.read_push(write_text(text, Encoding.BINARY)) for text in pushed.texts]
    assert read == [wap.Indication("http://a.b/", "One"), wap.Indication("http://a.b/", "Two")]
    assert (pushed.text, pushed.alphabet, pushed.extras) == (
        "", "binary", Extras(udh=bytes.fromhex("05040B8423F0"), push=True, partner=7),
    )  # fmt: skip
    with pytest.raises(Unencodable):
        finish(submission("http://a.b/\n\x02", extras=extras))
