"""National language tables: reading GSM-7 texts whose user data header names a language.

A single shift table replaces the extension table, a locking shift table the default alphabet. We read
Turkish, Spanish and Portuguese and never write them: few networks carry them (carriers.md C.2). Other
languages are read with the default tables. Source: 3GPP TS 23.038 annex A, identifiers 6.2.1.2.4.
"""

from depesza.wire.gsm import ALPHABET, ESCAPE, EXTENSION, REPLACEMENT, decode

TURKISH, SPANISH, PORTUGUESE = 1, 2, 3

# 23.038 A.2: only what differs from the default extension table.
_SINGLE = {
    TURKISH: EXTENSION
    | {0x47: "Ğ", 0x49: "İ", 0x53: "Ş", 0x63: "ç", 0x67: "ğ", 0x69: "ı", 0x73: "ş"},
    SPANISH: EXTENSION
    | {0x09: "ç", 0x41: "Á", 0x49: "Í", 0x4F: "Ó", 0x55: "Ú", 0x61: "á", 0x69: "í", 0x6F: "ó", 0x75: "ú"},
    PORTUGUESE: EXTENSION
    | dict(zip(b"\x05\x09\x0b\x0c\x0e\x0f\x12\x13\x15\x16\x17\x18\x19\x1f", "êçÔôÁáΦΓΩΠΨΣΘÊ", strict=True))
    | dict(zip(b"AIOU[\\aiou{|\x7f", "ÀÍÓÚÃÕÂíóúãõâ", strict=True)),
}  # fmt: skip

# 23.038 A.3, sixteen codes a line; Spanish has none of its own.
_LOCKING = {
    TURKISH: (
        "@£$¥€éùıòÇ\nĞğ\rÅå"
        "Δ_ΦΓΛΩΠΨΣΘΞ\x1bŞşßÉ"
        " !\"#¤%&'()*+,-./"
        "0123456789:;<=>?"
        "İABCDEFGHIJKLMNO"
        "PQRSTUVWXYZÄÖÑÜ§"
        "çabcdefghijklmno"
        "pqrstuvwxyzäöñüà"
    ),
    PORTUGUESE: (
        "@£$¥êéúíóç\nÔô\rÁá"
        "Δ_ªÇÀ∞^\\€Ó|\x1bÂâÊÉ"
        " !\"#º%&'()*+,-./"
        "0123456789:;<=>?"
        "ÍABCDEFGHIJKLMNO"
        "PQRSTUVWXYZÃÕÚÜ§"
        "~abcdefghijklmno"
        "pqrstuvwxyzãõ`üà"
    ),
}


def decode_shifted(data: bytes, single: int = 0, locking: int = 0) -> str:
    """Read unpacked septets by the languages that the header names.

    0 and languages that we do not know mean the default tables. Unknown extension codes are read from the
    locking table; a lone or doubled escape is a space.
    """
    if single not in _SINGLE and locking not in _LOCKING:
        return decode(data)
    extension = _SINGLE.get(single, EXTENSION)
    alphabet = _LOCKING.get(locking, ALPHABET)
    text = []
    escaped = False
    for code in data:
        if escaped and code < 0x80:
            text.append(extension.get(code) or alphabet[code].replace("\x1b", " "))
            escaped = False
            continue
        if escaped:
            text.append(" ")
        escaped = code == ESCAPE
        if not escaped:
            text.append(alphabet[code] if code < 0x80 else REPLACEMENT)
    return "".join(text) + " " * escaped
