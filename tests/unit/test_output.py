"""Data goes to standard output, all else to standard error; what is said fits who reads it."""

import io

import pytest

from xprov.output import Output, Verbosity, layout, output_for


class Terminal(io.StringIO):
    """A stream that a person watches."""

    def isatty(self) -> bool:
        return True


def test_columns_are_aligned_and_nothing_trails() -> None:
    lines = layout([("NAME", "WHAT"), ("alsa", ""), ("xkbcommon", "keys")], None)

    assert lines == ["NAME       WHAT", "alsa", "xkbcommon  keys"]


def test_the_last_column_is_wrapped_to_the_terminal() -> None:
    lines = layout([("alsa", "one two three four five six seven eight")], 32)

    assert lines == ["alsa  one two three four five", "      six seven eight"]


def test_a_terminal_too_narrow_for_columns_wraps_by_itself() -> None:
    assert layout([("alsa", "one two three four five six")], 12) == ["alsa  one two three four five six"]


def test_what_is_piped_is_not_wrapped(capsys: pytest.CaptureFixture[str]) -> None:
    Output().table(("NAME", "WHAT"), [("alsa", "word " * 60)])

    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize(
    ("verbosity", "said"), [(Verbosity.QUIET, ""), (Verbosity.NORMAL, "done\n"), (Verbosity.VERBOSE, "done\nmore\n")]
)
def test_more_is_said_to_those_who_ask(verbosity: Verbosity, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(verbosity=verbosity)

    output.say("done")
    output.detail("more")

    assert capsys.readouterr() == ("", said)


def test_warnings_and_errors_are_said_also_when_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(verbosity=Verbosity.QUIET)

    output.warning("old glibc")
    output.error("no root", "use sudo")

    assert capsys.readouterr().err == "warning: old glibc\nerror: no root\n\nhint: use sudo\n"


def test_github_gets_annotations_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    Output(github=True).error("100% wrong", "try\nagain")

    assert capsys.readouterr().err == "::error title=xprov::100%25 wrong%0A%0Ahint: try%0Aagain\n"


def test_github_folds_a_group(capsys: pytest.CaptureFixture[str]) -> None:
    with Output(github=True).group("apt"):
        pass

    assert capsys.readouterr().err == "::group::apt\n::endgroup::\n"


def test_without_a_terminal_a_step_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Output().step("fetching") as progress:
        progress("1 of 2")

    assert capsys.readouterr().err == "fetching\n"


@pytest.mark.parametrize(
    ("environment", "colored"),
    [
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, True),
        ({"TERM": "dumb"}, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ],
)
def test_a_terminal_is_coloured_as_its_user_wants(environment: dict[str, str], colored: bool) -> None:  # noqa: FBT001
    output = output_for(environment, stdout=Terminal(), stderr=Terminal())

    assert (output.color, output.data_color) == (colored, colored)


def test_a_pipe_gets_no_colour_although_messages_go_to_a_terminal() -> None:
    output = output_for({}, stdout=io.StringIO(), stderr=Terminal())

    assert (output.color, output.data_color, output.live, output.width) == (True, False, True, None)


def test_colour_can_be_forced_into_a_pipe() -> None:
    assert output_for({"FORCE_COLOR": "1"}, stdout=io.StringIO(), stderr=io.StringIO()).data_color


def test_github_is_known_by_its_variable() -> None:
    streams = {"stdout": io.StringIO(), "stderr": io.StringIO()}

    assert output_for({"GITHUB_ACTIONS": "true"}, **streams).github
    assert not output_for({}, **streams).github
