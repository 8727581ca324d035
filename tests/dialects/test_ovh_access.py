"""Access rules: what they grant, and which accounts they show. spec: ovh/1.6"""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depesza.dialects.ovh.access import Rules, canonical, pieces
from depesza.dialects.ovh.dialect import plain


@pytest.mark.parametrize(
    ("rule", "path", "granted"),
    [
        ("/sms", "/sms", True),
        ("/sms/*", "/sms", False),
        ("/sms/*", "/sms/sms-xx11111-1", True),
        ("/sms/*", "/sms/sms-xx11111-1/jobs/5", True),
        ("/sms*", "/sms", True),
        ("/sms*", "/smsish", True),
        ("/*", "/sms", True),
        ("*", "/me", True),
        ("/sms/*/jobs", "/sms/sms-xx11111-1/jobs", True),
        ("/sms/*/jobs", "/sms/sms-xx11111-1/users/api1/jobs", True),
        ("/sms/*/jobs", "/sms/sms-xx11111-1/jobs/5", False),
        ("/sms/*/jobs", "/sms/jobs", False),
        ("/sms/sms-xx11111-1/*", "/sms/sms-xx11111-2/jobs", False),
        ("/sms/sms-xx11111-1/*", "/sms/sms-xx11111-11/jobs", False),
        ("/sms/sms-xx11111-1*", "/sms/sms-xx11111-11/jobs", True),
        ("/sms/", "/sms", True),
        ("/sms//sms-xx11111-1/", "/sms/sms-xx11111-1", True),
        ("sms/*", "/sms/x", True),
        ("/sms/**", "/sms/x", True),
        ("/sms/x/senders/BAH%20BOUH", "/sms/x/senders/BAH BOUH", True),
        ("/sms/.*", "/sms/anything", False),
        ("/SMS/*", "/sms/x", False),
        ("/", "/", True),
        ("/", "/sms", False),
        ("/sms/*/a*b/c", "/sms/x/ab/c", True),
        ("/a*a", "/a", False),  # head and tail may not share a letter
    ],
)
def test_a_rule_grants(rule: str, path: str, granted: bool) -> None:
    assert Rules([("GET", rule)]).allow("GET", path) is granted
    assert not Rules([("POST", rule)]).allow("GET", path)


def test_the_path_is_compared_without_slashes_too_many() -> None:
    assert plain("/sms//sms-xx11111-1/jobs/") == "/sms/sms-xx11111-1/jobs"
    assert plain("/sms/x/senders/BAH%20BOUH") == "/sms/x/senders/BAH BOUH"


def test_an_encoded_slash_opens_no_other_account() -> None:
    rules = Rules([("GET", "/sms/mine/*")])
    assert not rules.allow("GET", plain("/sms/mine%2F..%2Fother/jobs"))
    assert not Rules([("GET", "/sms/*/jobs")]).allow("GET", plain("/sms/x/senders%2Fjobs"))


@cache
def naive(rule: str, path: str) -> bool:
    """Match letter by letter, the slow and sure way."""
    if not rule:
        return not path
    if rule[0] == "*":
        return naive(rule[1:], path) or (path != "" and naive(rule, path[1:]))
    return path != "" and rule[0] == path[0] and naive(rule[1:], path[1:])


WORDS = st.text(alphabet="ab/*", max_size=12)


@settings(max_examples=200)
@given(WORDS, st.text(alphabet="ab/", max_size=16))
def test_the_matcher_agrees_with_a_naive_one(rule: str, path: str) -> None:
    asked = canonical([part for part in path.split("/") if part])
    assert Rules([("GET", rule)]).allow("GET", asked) is naive("*".join(pieces(rule)), asked)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.sampled_from(["GET", "POST"]), WORDS), max_size=5), st.text(max_size=20))
def test_several_rules_grant_what_any_of_them_grants(rules: list[tuple[str, str]], path: str) -> None:
    asked = canonical([part for part in path.split("/") if part])
    alone = any(Rules([rule]).allow("GET", asked) for rule in rules)
    assert Rules(rules).allow("GET", asked) is alone


def test_a_hostile_pattern_is_matched_in_no_time() -> None:
    rules = Rules([("GET", "/" + "a*" * 500 + "b")])
    assert not rules.allow("GET", "/" + "a" * 5000)


@pytest.mark.parametrize(
    ("rules", "seen"),
    [
        ([("GET", "/sms")], {"one", "two"}),  # nothing names an account
        ([("GET", "/sms"), ("GET", "/sms/*")], {"one", "two"}),
        ([("GET", "/*")], {"one", "two"}),
        ([("GET", "/sms"), ("POST", "/sms/one/jobs")], {"one"}),
        ([("GET", "/sms"), ("GET", "/sms/one/*"), ("GET", "/sms/two")], {"one", "two"}),
        ([("GET", "/sms"), ("GET", "/sms/ptts"), ("POST", "/sms/estimate")], {"one", "two"}),
        ([("GET", "/sms"), ("GET", "/sms/t*")], {"two"}),
        ([("GET", "/sms"), ("POST", "/sms/*/jobs")], {"one", "two"}),
        ([("GET", "/sms"), ("GET", "/sms/gone/*")], set()),
    ],
)
def test_a_list_shows_the_accounts_that_a_key_can_reach(rules: list[tuple[str, str]], seen: set[str]) -> None:
    compiled = Rules(rules)
    assert {name for name in ("one", "two") if compiled.reach(name)} == seen


@pytest.mark.parametrize(
    ("path", "confined"),
    [
        ("/*", False),
        ("/sms/*", False),
        ("/sms/*/jobs", False),
        ("/sms", False),
        ("/sms/one/*", True),
        ("/sms/t*", True),
    ],
)
def test_a_key_is_confined_by_rules_that_name_accounts(path: str, confined: bool) -> None:
    assert Rules([("GET", "/sms"), ("GET", "/me*"), ("GET", path)]).confined is confined
