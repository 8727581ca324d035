"""What is done to texts last, once their links are short: they are cut to length, or written as a push.

spec: smsc/2.1 smsc/5.1
"""

from collections.abc import Callable

import msgspec

from depesza.core.cutting import cut
from depesza.core.model import Extras, Submission
from depesza.wire import wap
from depesza.wire.gsm import Encoding, read_text


def finish(submission: Submission) -> Submission:
    """Give a submission its texts as they leave; `Unencodable` when a push has characters that it can't carry."""
    if submission.extras is not None and submission.extras.push:
        return _pushed(submission, submission.extras)
    if submission.fit:
        most = submission.fit
        return _rewritten(submission, lambda text: cut(text, most))
    return submission


def _rewritten(submission: Submission, write: Callable[[str], str]) -> Submission:
    """Rewrite all texts, each once."""
    written = {text: write(text) for text in {submission.text, *submission.texts}}
    texts = tuple([written[text] for text in submission.texts])
    return msgspec.structs.replace(submission, text=written[submission.text], texts=texts)


def _pushed(submission: Submission, extras: Extras) -> Submission:
    """Write texts of a link, a line end and a title as octets."""
    header = b""

    def write(text: str) -> str:
        nonlocal header
        if not text:  # of a submission whose receivers have texts of their own
            return ""
        link, _, title = text.partition("\n")
        header, octets = wap.write_push(wap.Indication(link.strip(), title.strip()))
        return read_text(octets, Encoding.BINARY)

    written = _rewritten(submission, write)
    return msgspec.structs.replace(
        written, alphabet=Encoding.BINARY.value, extras=msgspec.structs.replace(extras, udh=header)
    )
