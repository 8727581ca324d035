"""Texts in HTML: which are, and what they say without it."""

import re
from html.parser import HTMLParser

_ELEMENTS = (
    "html|head|body|title|style|p|div|span|a|b|i|u|s|em|strong|small|big|sub|sup|h[1-6]|ul|ol|li|dl|dt|dd|table|thead"
    "|tbody|tfoot|tr|td|th|caption|blockquote|pre|code|center|font|label|section|article|header|footer|main|nav"
)
_HTML = re.compile(rf"<!doctype\s+html|</(?:{_ELEMENTS})\s*>|<(?:br|hr|p)\s*/?>|<img\s[^<>]*>", re.IGNORECASE)
_SILENT = frozenset({"head", "title", "style", "script"})
_BLOCKS = re.compile(r"br|hr|p|div|[duo]l|li|d[dt]|table|tr|caption|blockquote|pre|section|article|h[1-6]")
_BLANK = re.compile(r"[ \t\r\f\v]+")


def is_html(text: str) -> bool:
    """Tell whether a text is HTML: it ends an element of HTML, breaks a line or shows a picture as HTML does.

    `a < b` and `<name>` are plain, and so is a tag that nothing ends.
    """
    return _HTML.search(text) is not None


def plain(html: str) -> str:
    """Write what HTML says as plain text: a line for each block, addresses of links behind their words."""
    reader = _Reader()
    reader.feed(html.replace("<![", "&lt;!["))  # some of these the parser calls an assertion that failed
    reader.close()
    lines = [_BLANK.sub(" ", line).strip() for line in "".join(reader.said).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    """Collects what is said."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._silent = ""
        """The element whose words nobody sees."""
        self._link = ""
        self._since = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in _SILENT and not self._silent:
            self._silent = tag
        elif _BLOCKS.fullmatch(tag):
            self.said.append("\n")
        elif tag == "a":
            self._link, self._since = given.get("href", ""), len(self.said)
        elif tag == "img" and given.get("alt"):
            self._say(f"[{given['alt']}]")
        if tag == "li":
            self.said.append("- ")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._silent or tag == "body":
            self._silent = ""
        if _BLOCKS.fullmatch(tag):
            self.said.append("\n")
        elif tag == "a" and self._link:
            words = "".join(self.said[self._since :]).strip()
            link, self._link = self._link, ""
            if link not in (words, f"mailto:{words}") and not link.startswith("#"):
                self.said.append(f" ({link})")

    def handle_data(self, data: str) -> None:
        self._say(data.replace("\n", " "))

    def _say(self, words: str) -> None:
        if not self._silent:
            self.said.append(words)
