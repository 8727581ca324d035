"""The line that a mail to the vendor's gateway holds, read as a request to send. spec: smsc/4.1

login:psw:id:time,tz:translit,format,sender,test:phones:mes
login:psw:id:time,tz:translit,format,sender,test::list
"""

from depesza.dialects.smsc.charsets import UTF8
from depesza.dialects.smsc.parameters import File, Given
from depesza.wire.mailbody import Letter

FORMATS: dict[str, dict[str, str]] = {
    "": {},
    "0": {},
    "1": {"flash": "1"},
    "2": {"push": "1"},
    "3": {"hlr": "1"},
    "4": {"bin": "1"},
    "5": {"bin": "2"},
    "6": {"ping": "1"},
    "7": {"mms": "1"},
    "8": {"mail": "1"},
    "9": {"call": "1"},
    "10": {"viber": "1"},
    "11": {"soc": "1"},
}
"""Parameters of send.php by the number of the format."""
WITH_SUBJECT = frozenset({"7", "8"})
"""Formats whose subject is that of the mail."""
_TESTS = {"": "0", "0": "0", "1": "1"}
"""Parameter `cost` by the last switch."""
_FIELDS, _OPTIONS = 7, 4


def read_line(letter: Letter) -> Given:
    """Read a mail's text; what could not be read is told by `Given.check`."""
    fields = letter.octets.lstrip(b"\r\n").split(b":", _FIELDS - 1)
    named = [letter.read(field).strip() for field in fields[: _FIELDS - 1]] + [""] * _FIELDS
    login, password, id, time, written, phones, *_ = named
    texts = {"login": login, "psw": password}
    files = tuple([File(file.name, file.kind, file.octets) for file in letter.files])
    if len(fields) < _FIELDS:
        return Given(texts, {}, files, UTF8, 0, "fields")
    options, fault = _options(written)
    if "subj" in options:
        options["subj"] = letter.subject
    due, _, zone = time.partition(",")
    mes = fields[-1]
    texts |= {"id": id, "time": due, "tz": zone} | options
    texts |= {"phones": phones, "mes": letter.read(mes)} if phones else {"list": letter.read(mes)}
    return Given(texts, {"mes": mes}, files, UTF8, 0, fault)


def _options(written: str) -> tuple[dict[str, str], str]:
    """Read `translit,format,sender,test`, of which the last ones may be missing; and what is wrong with it.

    An empty sender is the account's usual one, as in the vendor's examples; `.` is none.
    """
    values = [value.strip() for value in written.split(",")]
    translit, kind, sender, test = (values + [""] * _OPTIONS)[:_OPTIONS]
    if len(values) > _OPTIONS or kind not in FORMATS or test not in _TESTS:
        return {}, "options"
    options = {"translit": translit, "cost": _TESTS[test]} | FORMATS[kind]
    if sender:
        options["sender"] = sender
    if kind in WITH_SUBJECT:
        options["subj"] = ""
    return options, ""
