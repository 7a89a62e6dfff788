"""The command lines that a project's files hold."""

from pathlib import Path
from textwrap import dedent

import pytest

from xprov.project.command import Command
from xprov.project.commands import commands_in, find_commands, read_texts

TOP = Path("/project")


def _commands(name: str, text: str) -> tuple[Command, ...]:
    return commands_in(TOP / name, dedent(text), TOP)


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("Makefile", "wheel:\n\tmaturin build --release \\\n\t  -o out --features 'a b,c'\n", 2),
        ("justfile", "wheel:\n    uv run maturin build -oout -F a,b,c && ls\n", 2),
        ("tox.ini", "[testenv]\ncommands =\n    maturin build --out=out --features=a --features b,c\n", 3),
        ("noxfile.py", "def f(session):\n    session.run('maturin', 'build', '-o', 'out', '-F', 'a,b,c')\n", 2),
        ("tasks.py", "run(['maturin', 'build', '-o', 'out', '-F', 'a,b,c'])\n", 1),
        ("scripts/x.sh", "python -m maturin build -o out -F a,b,c | tee log\n", 1),
    ],
)
def test_a_command_is_found_where_projects_write_it(name: str, text: str, line: int) -> None:
    (command,) = _commands(name, text)

    assert (command.line, command.verb, command.folder) == (line, "build", TOP)
    assert command.value("out") == "out"
    assert command.features == ("a", "b", "c")


def test_a_step_of_maturin_action_is_a_command() -> None:
    (command,) = _commands(
        ".github/workflows/wheels.yml",
        """\
        jobs:
          linux:
            steps:
              - uses: actions/checkout@v4
              - name: Build
                uses: PyO3/maturin-action@v1
                with:
                  target: armv7-unknown-linux-gnueabihf
                  manylinux: 2_31
                  working-directory: crates/python
                  args: >-
                    --release
                    --out dist
              - uses: actions/upload-artifact@v4
                with:
                  args: --out other
        """,
    )

    assert (command.verb, command.folder, command.line) == ("build", TOP / "crates/python", 11)
    assert command.value("out") == "dist"
    assert command.value("target") == "armv7-unknown-linux-gnueabihf"
    assert command.value("compatibility") == "2_31"


def test_a_run_step_runs_in_its_working_directory() -> None:
    (command,) = _commands(
        "ci.yml",
        """\
        steps:
          - run: |
              pip install maturin
              maturin build --out pkg/dist
            working-directory: python
        """,
    )

    assert (command.folder, command.line, command.value("out")) == (TOP / "python", 4, "pkg/dist")


MATRIX = """\
jobs:
  wheels:
    runs-on: ${{ matrix.os }}
    defaults:
      run:
        working-directory: crates/python
    strategy:
      matrix:
        os: [ubuntu-latest]
        features: [a, 'b,c']
    steps:
      - name: maturin build for ${{ matrix.features }}
        run: |
          echo
          maturin build -F ${{ matrix.features }}
      - run: maturin build -F ${{ matrix.features }}
        working-directory: other
        if: matrix.features == 'a'
"""


def test_a_command_is_as_many_as_the_matrix_makes_of_it_but_for_steps_that_are_not_in_every_job() -> None:
    commands = _commands(".github/workflows/ci.yml", MATRIX)

    assert [(command.line, command.features, command.is_told("features")) for command in commands] == [
        (15, ("a",), True),
        (15, ("b", "c"), True),
        (16, (), False),
    ]
    assert [command.folder.name for command in commands] == ["python", "python", "other"]
    assert all(command.is_job for command in commands)


@pytest.mark.parametrize(
    "text",
    [
        "build:\n  script:\n    - cd x\n    - maturin build -o dist\n",
        ".base: &base\n  image: rust\nbuild:\n  <<: *base\n  after:\n  - maturin build -o dist\n",
        "---\na: 1\n---\n\n\nb: maturin build -o dist\n",
        "a: &name 1\nb: &name 2\nc: maturin build -o dist\n",
    ],
)
def test_yaml_of_other_services_is_read(text: str) -> None:
    (command,) = commands_in(TOP / ".gitlab-ci.yml", text, TOP)

    assert (command.value("out"), command.line) == ("dist", len(text.rstrip().splitlines()))


# Each line is nine times the one before.
LAUGHTER = "\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9))])


@pytest.mark.parametrize("text", ["a: [", "\tmaturin build", "a: &a [*a]", LAUGHTER])
def test_what_is_no_yaml_or_too_much_of_it_has_no_commands(text: str) -> None:
    assert commands_in(TOP / "ci.yml", text, TOP) == ()


def test_what_only_the_job_knows_is_not_guessed() -> None:
    (command,) = _commands("ci.yml", "- run: maturin build --target ${{ matrix.target }} -o $OUT\n")

    assert command.has("target")
    assert (command.value("target"), command.value("out")) == (None, None)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--features a --profile $PROFILE", True),
        ("--features 'a,$MORE'", False),
        ("--features ${{ matrix.features }}", False),
        ("--features a $ARGS", False),
        ('"$@"', False),
        ("${FEATURES:+--features $FEATURES}", False),
        ("$(cat options)", False),
        ("--out `pwd`/dist", True),
        ("--release {{features}}", False),
        ("--out $OUT -- $RUSTC_ARGS", True),
        ("-i --features $FEATURES", False),
    ],
)
def test_a_command_says_whether_its_features_are_told(words: str, *, told: bool) -> None:
    (command,) = _commands("x.sh", f"maturin build {words}\n")

    assert command.is_told("features") is told
    assert set(command.features) <= {"a"}


@pytest.mark.parametrize(
    "text",
    [
        "# maturin build -o out\n",
        "pip install maturin\n",
        "cat maturin.log\n",
        "run('cargo', 'build')\n",
        "./maturin build",
    ],
)
def test_what_is_no_command_is_left_alone(text: str) -> None:
    assert _commands("x.sh", text) == ()


def test_a_folder_that_is_changed_into_counts() -> None:
    (command,) = _commands("Makefile", "all:\n\tcd crates/python && maturin build -o ../../dist\n")

    assert command.folder == TOP / "crates/python"


@pytest.mark.parametrize(
    ("line", "verb"),
    [
        ("python -m build --outdir pkg/dist", "front-end"),
        ("uv build --out-dir=pkg/dist .", "front-end"),
        ("pip wheel . --no-deps -w pkg/dist", "pip"),
    ],
)
def test_a_front_end_is_a_command_for_where_it_writes(line: str, verb: str) -> None:
    (command,) = _commands("x.sh", f"{line}\n")

    assert (command.verb, command.value("out")) == (verb, "pkg/dist")


@pytest.mark.parametrize(
    ("line", "features", "told"),
    [
        ("pip wheel . -C build-args='--features a,b'", ("a", "b"), True),
        ("pip install -e .[test] --config-settings=build-args='-F a'", ("a",), True),
        ("uv build -Cbuild-args=--features=a", ("a",), True),
        ("python -m build --config-setting build-args=-F --config-setting build-args=a", ("a",), True),
        ("python -m build -C build-args='-F b' -C maturin.build-args='-F a'", ("a",), True),
        ("pip wheel . -C build-args='-F a $MORE'", ("a",), False),
        ("pip wheel . -C $SETTING", (), False),
        ("pip wheel . -C other=x", (), True),
    ],
)
def test_what_a_front_end_hands_on_are_options_of_maturin(line: str, features: tuple[str, ...], *, told: bool) -> None:
    (command,) = _commands("x.sh", f"{line}\n")

    assert (command.features, command.is_told("features"), command.folder) == (features, told, TOP)


def test_a_front_end_builds_the_folder_that_it_is_given() -> None:
    (command,) = _commands("x.sh", "pip install numpy\npip wheel ./python -w python/dist\n")

    assert (command.folder, command.value("out")) == (TOP / "python", "dist")


def test_a_front_end_is_handed_the_job_s_variable_unless_its_line_says_something() -> None:
    job = (
        "env:\n  MATURIN_PEP517_ARGS: --features a\nsteps:\n- run: pip wheel .\n- run: pip wheel . -C build-args=-Fb\n"
    )

    assert [command.features for command in _commands("ci.yml", job)] == [("a",), ("b",)]


def test_files_are_found_by_their_places(tmp_path: Path) -> None:
    (tmp_path / ".github/workflows").mkdir(parents=True)
    (tmp_path / ".github/workflows/a.yml").write_text("- run: maturin build\n")
    (tmp_path / "justfile").write_text("b:\n  maturin develop\n")
    (tmp_path / "notes.txt").write_text("maturin build\n")

    assert [command.verb for command in find_commands(read_texts(tmp_path), tmp_path)] == ["build", "develop"]
