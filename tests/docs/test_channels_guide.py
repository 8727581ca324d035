"""docs/guides/channels.md says what the code does: endings, channels, the example's commands and rows."""

import re
from pathlib import Path

from depesza.connectors import carries
from depesza.core.model import Channel
from depesza.services import attachments, wishes
from depesza.wire.fates import BEYOND_SMS

PAGE = (Path(__file__).parents[2] / "docs" / "guides" / "channels.md").read_text("utf-8")


def test_the_guide_has_every_ending_in_its_words() -> None:
    rows = re.findall(r"^\| (\d{3}) \| (.*) \|$", PAGE, re.MULTILINE)
    assert rows == [(row.suffix, row.sentence) for row in BEYOND_SMS]


def test_the_guide_names_every_channel() -> None:
    assert [channel for channel in Channel if f"`{channel or 'sms'}`" not in PAGE] == []
    assert {channel for channel in Channel if channel is not Channel.PING} == carries("virtual")


def test_the_rows_of_the_guide_can_be_applied() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    wish = wishes.read(text, {})
    assert [row.channel for row in wish.routes or ()] == ["mail"]
    assert [row.channel for row in wish.prices or ()] == ["hlr"]


def test_the_guide_tells_how_long_files_are_kept() -> None:
    assert f"{attachments.KEPT // 86_400_000_000} days" in PAGE
