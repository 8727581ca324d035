"""The table of reasons."""

import ast
import inspect

import pytest

from depesza.core import refusals
from depesza.core.refusals import TABLE, Fault, Refusal, Retry, refusal


def test_names_are_unique() -> None:
    """A doubled name would vanish in the table, so the rows are counted in the source."""
    calls = [node for node in ast.walk(ast.parse(inspect.getsource(refusals))) if isinstance(node, ast.Call)]
    rows = [node for node in calls if isinstance(node.func, ast.Name) and node.func.id == "Refusal"]
    assert len(rows) == len(TABLE)


def test_every_retry_and_fault_is_used() -> None:
    assert {row.retry for row in TABLE.values()} == set(Retry)
    assert {row.fault for row in TABLE.values()} == set(Fault)


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_each_reason_is_named_and_says_a_sentence(row: Refusal) -> None:
    assert TABLE[row.name] is row is refusal(row.name)
    assert row.name.replace("_", "").isalpha() and row.name.islower()
    assert row.sentence[0].isupper() and row.sentence.endswith(".")


def test_sentences_tell_reasons_apart() -> None:
    assert len({row.sentence for row in TABLE.values()}) == len(TABLE)


def test_an_unheard_reason_is_unknown() -> None:
    assert refusal("gremlins") is refusal("unknown")
    assert refusal("unknown").retry is Retry.OTHER


@pytest.mark.parametrize("name", ["bad_number", "opted_out", "no_route", "no_price", "expired", "cancelled"])
def test_what_we_refuse_ourselves_is_not_tried_again(name: str) -> None:
    assert refusal(name).retry is Retry.NO
