"""The combinations of a workflow's matrix are those that GitHub makes."""

from textwrap import dedent

import pytest

from xprov.project.matrix import combinations, substitute
from xprov.project.yamlfile import read_yaml


def _combinations(text: str) -> list[object]:
    (node,) = read_yaml(dedent(text))
    return list(combinations(node))


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("a: [1, 2]", [{"a": "1"}, {"a": "2"}]),
        ("a: [3.10]\nb: [x, y]", [{"a": "3.10", "b": "x"}, {"a": "3.10", "b": "y"}]),
        ("a: [1, 2]\nexclude: [{a: 1}]", [{"a": "2"}]),
        ("a: [1, 2]\nb: [x, y]\nexclude: [{a: 1, b: x}, {a: 2}]", [{"a": "1", "b": "y"}]),
        ("include: [{a: 1}, {b: 2}]", [{"a": "1"}, {"b": "2"}]),
        ("platform: [{target: armv7, python: 3.11}]", [{"platform": {"target": "armv7", "python": "3.11"}}]),
        # Not told: an expression decides.
        ("${{ fromJson(needs.plan.outputs.matrix) }}", []),
        ("a: ${{ fromJson(inputs.a) }}\nb: [x]", []),
        ("a: [1, '${{ inputs.a }}']", []),
        ("a: [1]\ninclude: ${{ fromJson(inputs.more) }}", []),
        ("a: [1]\ninclude: [{a: '${{ inputs.a }}', b: 2}]", []),
    ],
)
def test_a_matrix_makes_combinations_where_it_is_told(text: str, made: list[object]) -> None:
    assert _combinations(text) == made


def test_include_adds_to_combinations_and_adds_others_as_in_the_example_of_github_s_documentation() -> None:
    made = _combinations(
        """\
        fruit: [apple, pear]
        animal: [cat, dog]
        include:
          - color: green
          - color: pink
            animal: cat
          - fruit: apple
            shape: circle
          - fruit: banana
          - fruit: banana
            animal: cat
        """
    )

    assert made == [
        {"fruit": "apple", "animal": "cat", "color": "pink", "shape": "circle"},
        {"fruit": "apple", "animal": "dog", "color": "green", "shape": "circle"},
        {"fruit": "pear", "animal": "cat", "color": "pink"},
        {"fruit": "pear", "animal": "dog", "color": "green"},
        {"fruit": "banana"},
        {"fruit": "banana", "animal": "cat"},
    ]


def test_a_matrix_of_more_jobs_than_github_makes_is_not_told() -> None:
    assert _combinations(f"a: {list(range(20))}\nb: {list(range(20))}") == []


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("--target ${{ matrix.target }}", "--target armv7"),
        ("${{matrix.platform.python}}", "3.11"),
        # As GitHub has it where a combination has no such value.
        ("-F ${{ matrix.features }}.", "-F ."),
        ("${{ matrix.target || 'x86_64' }}", "${{ matrix.target || 'x86_64' }}"),
        ("${{ matrix.platform }}", "${{ matrix.platform }}"),
        ("${{ inputs.target }}", "${{ inputs.target }}"),
    ],
)
def test_the_values_of_a_combination_take_the_place_of_their_names(text: str, filled: str) -> None:
    assert substitute(text, {"target": "armv7", "platform": {"python": "3.11"}}) == filled
