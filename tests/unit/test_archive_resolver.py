"""What is needed for what is wanted: each rule on an archive of a few stanzas."""

import re
from collections.abc import Callable

import pytest

from xprov.archive.candidate import Candidate, parse_candidate
from xprov.archive.resolver import resolve
from xprov.errors import UnsatisfiableError

KEYS = {"D": "Depends", "P": "Pre-Depends", "V": "Provides", "C": "Conflicts", "B": "Breaks", "M": "Multi-Arch"}


def archive(text: str) -> Callable[[str], list[Candidate]]:
    """Return the look-up in an archive with a package per line: `name version; D: depends; V: provides`."""
    found: dict[str, list[Candidate]] = {}
    for candidate in map(_candidate, text.strip().splitlines()):
        for name in candidate.names:
            found.setdefault(name, []).append(candidate)
    return lambda name: found.get(name, [])


def _candidate(line: str) -> Candidate:
    head, *fields = (part.strip() for part in line.split(";"))
    name, _, version = head.partition(" ")
    pairs = (field.split(": ", 1) for field in fields)
    given = {KEYS.get(key, key): value for key, value in pairs}
    file = {"Filename": f"pool/{name}.deb", "Size": "1", "SHA256": "0" * 64}
    full = {
        "Package": name,
        "Version": version or "1",
        "Architecture": "armhf",
        "Priority": "optional",
        **file,
        **given,
    }
    return parse_candidate("".join(f"{key}: {value}\n" for key, value in full.items()).encode())


def chosen(text: str, *wanted: str) -> list[str]:
    return [candidate.name for candidate in resolve(wanted, archive(text))]


def refusal(text: str, *wanted: str) -> str:
    with pytest.raises(UnsatisfiableError) as caught:
        resolve(wanted, archive(text))
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("w; D: a\na; D: b\nb", "b a w"),
        ("w; P: a; D: b\na\nb", "a b w"),
        ("w; D: a | b\na\nb", "a w"),
        ("w; D: a | b\nb", "b w"),
        ("w; D: a (>= 2) | b\na\nb", "b w"),
        ("w; D: a (<< 1)| b (= 1)\na\nb", "b w"),
        ("w; D: a (>= 1.10)\na 1.10~rc1; D: x\nb; V: a (= 1.10)", "b w"),
        ("w; D: a\nb; V: a\na", "a w"),
        ("w; D: v\nc; V: v\nb; V: v", "b w"),
        ("w; D: v\nb; V: v; Priority: extra\nc; V: v", "c w"),
        ("w; D: v\nb; V: v; Priority: required\nc; V: v; Essential: yes", "c w"),
        ("w; D: v (>= 2) | c\nb; V: v\nc", "c w"),
        ("w; D: v (>= 2) | c\nb; V: v (= 2)\nc", "b w"),
        ("w; D: v (>= 2) | c\nb 3; V: v (= 1)\nc", "c w"),
        ("w; D: a:any\na; M: allowed", "a w"),
        ("w; D: a:any | b\na; M: foreign\nb", "b w"),
        ("w; D: a:native\na", "a w"),
        ("w; D: a:armhf\na", "a w"),
        ("w; D: a:amd64 | b\na\nb", "b w"),
        ("w; D: a:amd64\na; Architecture: all", "a w"),
        ("w; Recommends: a; Suggests: a\na", "w"),
    ],
)
def test_a_dependency_brings(text: str, expected: str) -> None:
    assert chosen(text, "w") == expected.split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("w; D: a | b\na\nb", "b w"),
        ("w; D: v\nb; V: v\na; V: v", "b w"),
        ("w; D: c\nc; D: a | b\na\nb", "b c w"),
    ],
)
def test_what_is_wanted_satisfies_before_what_is_not_there_yet(text: str, expected: str) -> None:
    assert sorted(chosen(text, "w", "b")) == sorted(expected.split())


def test_what_an_earlier_dependency_brought_satisfies_a_later_one() -> None:
    assert chosen("w; D: b, a | b\na\nb", "w") == ["b", "w"]


def test_a_package_may_provide_what_it_needs() -> None:
    assert chosen("w; D: v; V: v\na; V: v", "w") == ["w"]


def test_a_circle_is_chosen_once_and_ends() -> None:
    assert sorted(chosen("w; D: a\na; D: b\nb; D: a, w", "w")) == ["a", "b", "w"]


def test_a_virtual_package_may_be_wanted_where_one_package_provides_it() -> None:
    assert chosen("a; V: w", "w") == ["a"]
    assert refusal("a; V: w\nb; V: w", "w") == "several packages provide `w`: `a`, `b`"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("w; D: a | b\na; D: missing\nb", "b w"),
        ("w; D: a | b\na; D: c\nc; D: d\nd; D: missing\nb", "b w"),
        ("w; D: a | b\na; C: w\nb", "b w"),
        ("w; D: a | b\na; B: w (<< 2)\nb", "b w"),
        ("w; D: a | b\na; B: w (<< 1)\nb", "a w"),
        ("w; C: v; D: a | b\na; V: v\nb", "b w"),
        ("w; D: c | d, a | b\nc; D: e\nd\ne\na; D: missing\nb", "e c b w"),
        ("w; D: a | b, c\na\nb\nc; C: a", "b c w"),
        ("w; D: v, c\na; V: v\nb; V: v\nc; C: a", "b c w"),
    ],
)
def test_an_alternative_that_leads_to_nothing_is_passed_over(text: str, expected: str) -> None:
    assert chosen(text, "w") == expected.split()


def test_a_package_may_conflict_with_what_it_provides() -> None:
    assert chosen("w; D: a\na; V: v; C: v; B: a (<< 9)", "w") == ["a", "w"]
    assert "conflicts" in refusal("w; D: a, b\na; V: v; C: v\nb; V: v; C: v", "w")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a", "the archive has no package `w`"),
        ("w; D: a\na; D: b (>= 2)\nb", "`w` (1) needs `a`; `a` (1) needs `b (>= 2)`; no package has that name"),
        ("w; D: a | b\na; D: c\nb; D: x\nc; D: x", "`w` (1) needs `a | b`; `b` (1) needs `x`; no package"),
        ("w; D: a\na; C: w", "`w` (1) needs `a`; `a` (1) conflicts with `w` (1), which is wanted"),
        ("w; D: a, b\na; D: c\nc\nb; C: c", "`b` (1) conflicts with `c` (1), which `a` needs"),
    ],
)
def test_a_refusal_says_what_needs_what_down_to_the_cause(text: str, message: str) -> None:
    assert message in refusal(text, "w")


def test_packages_that_exclude_each_other_cannot_be_wanted_together() -> None:
    assert refusal("w; C: a\na", "w", "a") == "`a` (1) conflicts with `w` (1), which is wanted"


def test_thousands_deep_chains_are_followed() -> None:
    chain = "\n".join(f"p{number}; D: p{number + 1}" for number in range(2000))

    assert chosen(f"{chain}\np2000", "p0")[::2000] == ["p2000", "p0"]
    assert re.search(r"`p1999` \(1\) needs `p2000`; no package", refusal(chain, "p0"))


def test_choices_that_a_failure_does_not_come_from_are_not_tried_again() -> None:
    pairs = ", ".join(f"a{number} | b{number}" for number in range(60))
    others = "\n".join(f"a{number}\nb{number}" for number in range(60))

    assert "`c` (1) needs `missing`" in refusal(f"w; D: {pairs}, c\nc; D: missing\n{others}", "w")


def test_what_stop_names_is_left_out_with_what_only_it_needs() -> None:
    look_up = archive("w; D: prog, absent-prog, a\nprog; D: b, missing, c; C: w\na; D: c\nb\nc")

    found = resolve(["w"], look_up, stop=lambda name: name.endswith("prog"))

    assert [candidate.name for candidate in found] == ["c", "a", "w"]


def test_the_order_is_the_same_however_the_look_up_sorts() -> None:
    text = "w; D: v, a\nb; V: v\nc; V: v\na; D: b"
    turned = "\n".join(reversed(text.splitlines()))

    assert chosen(text, "w") == chosen(turned, "w") == ["b", "a", "w"]
