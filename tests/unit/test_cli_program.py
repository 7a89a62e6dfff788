"""The program as a whole: help, shared options, errors and exit codes."""

import errno
import importlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.commands import Seen, Xprov
from tests.unit.recipes import write_recipe

from xprov import __version__
from xprov.cli import app, program, targets
from xprov.errors import NetworkError


@pytest.fixture
def xprov(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Xprov:
    """Return the program, run in an empty checkout, with nothing set that changes what it says."""
    for variable in ("GITHUB_ACTIONS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return Xprov(capsys=capsys)


@pytest.fixture
def fail(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Make `xprov targets` raise what is given."""

    def fail(error: BaseException) -> None:
        def describe(target: object) -> str:
            raise error

        monkeypatch.setattr(targets, "_others", describe)
        monkeypatch.setattr(targets, "_described", describe)

    return fail


def test_help_shows_every_command_with_examples(xprov: Xprov) -> None:
    seen = xprov("--help")

    assert (seen.code, seen.err) == (0, "")
    assert "Examples:\n    xprov setup armhf alsa dbus" in seen.out
    assert [name for name in app.COMMANDS if f"\n  {name} " not in seen.out] == []


@pytest.mark.parametrize("name", app.COMMANDS)
def test_the_help_of_a_command_begins_with_its_summary_and_has_examples(xprov: Xprov, name: str) -> None:
    seen = xprov(name, "--help")

    assert seen.code == 0
    assert " ".join(seen.out.split("\n\n")[1].split()) == app.COMMANDS[name]
    assert f"xprov {name}" in seen.out.partition("Examples:\n")[2]


@pytest.mark.parametrize("name", app.COMMANDS)
def test_a_command_is_a_module_of_its_name(name: str) -> None:
    assert callable(importlib.import_module(f"xprov.cli.{app.module_name(name)}").register)


def test_the_version_is_data(xprov: Xprov) -> None:
    assert xprov("--version") == Seen(code=0, out=f"xprov {__version__}\n", err="")


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        ((), "say what to do", "`xprov --help` lists the commands"),
        (("lst",), "there is no command `lst`", "did you mean `list`?"),
        (("frobnicate",), "there is no command `frobnicate`", "`xprov --help` lists the commands"),
        (("list", "--jsn"), "no such option", "`xprov list --help` shows how it is used"),
        (("--frob", "list"), "no such option", "`xprov --help` shows how it is used"),
        (("show",), "missing argument 'LIBRARY'", "`xprov show --help` shows how it is used"),
        (("-q", "list", "-v"), "`--quiet` and `--verbose` exclude each other", "give one of them"),
        (("list", "--recipes", "missing"), "`missing` is not a folder", "a recipe is a file `LIBRARY.toml`"),
    ],
)
def test_wrong_usage_says_what_and_how(xprov: Xprov, words: tuple[str, ...], message: str, hint: str) -> None:
    seen = xprov(*words)

    assert (seen.code, seen.out) == (2, "")
    assert seen.err.startswith(f"error: {message}")
    assert f"\n\nhint: {hint}" in seen.err


def test_an_error_is_json_too_for_those_who_asked_for_json(xprov: Xprov) -> None:
    seen = xprov("show", "gtk4", "--json")

    assert seen.code == 2
    assert seen.err.startswith("error: there is no recipe for a library `gtk4`\n\nhint: ")
    assert seen.json["version"] == 1
    assert seen.json["error"]["message"] == "there is no recipe for a library `gtk4`"
    assert seen.json["error"]["exit_code"] == 2


def test_an_error_before_the_words_are_understood_is_json_too(xprov: Xprov) -> None:
    assert xprov("list", "--json", "--frob").json["error"]["exit_code"] == 2


def test_json_as_an_argument_is_no_wish_for_json(xprov: Xprov) -> None:
    assert xprov("show", "--", "--json").out == ""


def test_an_error_ends_with_its_exit_code(xprov: Xprov, fail: Callable[[BaseException], None]) -> None:
    fail(NetworkError("`http://a.test/` did not answer", hint="check the network"))

    assert xprov("targets") == Seen(
        code=3, out="", err="error: `http://a.test/` did not answer\n\nhint: check the network\n"
    )


def test_a_full_disk_is_no_bug(xprov: Xprov, fail: Callable[[BaseException], None]) -> None:
    fail(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/var/cache/x"))

    seen = xprov("targets")

    assert seen.code == 1
    assert seen.err.startswith("error: No space left on device: `/var/cache/x`\n\nhint: free some space")


def test_a_bug_is_called_a_bug_without_a_traceback(xprov: Xprov, fail: Callable[[BaseException], None]) -> None:
    fail(KeyError("armhf"))

    seen = xprov("targets")

    assert seen.code == 1
    assert seen.err.startswith("error: KeyError: 'armhf'\n\nhint: this is a bug in xprov")
    assert "Traceback" not in seen.err


def test_the_traceback_of_a_bug_is_there_for_those_who_ask(xprov: Xprov, fail: Callable[[BaseException], None]) -> None:
    fail(KeyError("armhf"))

    assert "Traceback (most recent call last)" in xprov("targets", "-v").err


def test_an_interruption_ends_with_its_exit_code(xprov: Xprov, fail: Callable[[BaseException], None]) -> None:
    fail(KeyboardInterrupt())

    assert xprov("targets") == Seen(code=130, out="", err="error: interrupted\n")
    assert xprov("targets", "--json").json["error"]["exit_code"] == 130


@pytest.mark.parametrize("how", ["__cause__", "__context__"])
def test_what_is_made_of_an_interruption_or_fails_while_one_is_on_its_way_is_one(
    xprov: Xprov, fail: Callable[[BaseException], None], how: str
) -> None:
    error, between = OSError(errno.EBADF, os.strerror(errno.EBADF)), RuntimeError("Error calling __set_name__")
    setattr(between, how, KeyboardInterrupt())
    setattr(error, how, between)
    fail(error)

    assert xprov("targets") == Seen(code=130, out="", err="error: interrupted\n")


def test_what_could_not_be_put_back_after_an_interruption_is_said(
    xprov: Xprov, fail: Callable[[BaseException], None]
) -> None:
    error = NetworkError("the sources could not be put back")
    error.__context__ = KeyboardInterrupt()
    fail(error)

    assert xprov("targets").err == "error: the sources could not be put back\n"


def test_an_interruption_before_there_is_anything_to_say_it_ends_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(program, "start", interrupted)
    for name in ("xprov.interruption.install", "gc.set_threshold", "gc.freeze"):
        monkeypatch.setattr(name, lambda *_: None)

    with pytest.raises(SystemExit) as end:
        program.main()

    assert end.value.code == 130


def test_a_reader_that_has_gone_is_not_told(xprov: Xprov, fail: Callable[[BaseException], None]) -> None:
    fail(BrokenPipeError(errno.EPIPE, "Broken pipe"))

    assert xprov("targets") == Seen(code=1, out="", err="")


@pytest.mark.parametrize("words", [("-v", "list"), ("list", "-v"), ("list", "--verbose"), ("--verbose", "list")])
def test_shared_options_stand_before_the_command_or_after(xprov: Xprov, tmp_path: Path, words: tuple[str, ...]) -> None:
    file = write_recipe(tmp_path / "own", "alsa")

    seen = xprov(*words, "--recipes", "own")

    assert seen.err == f"recipe `alsa` is taken from {file.relative_to(tmp_path)} in place of xprov's own\n"


def test_recipe_folders_before_and_after_the_command_add_up(xprov: Xprov, tmp_path: Path) -> None:
    write_recipe(tmp_path / "one", "foo")
    write_recipe(tmp_path / "two", "bar")

    names = [
        library["name"] for library in xprov("--recipes", "one", "list", "--recipes", "two", "--json").json["libraries"]
    ]

    assert {"foo", "bar", "alsa"} <= set(names)


def test_the_projects_own_recipes_are_known(xprov: Xprov, tmp_path: Path) -> None:
    write_recipe(tmp_path / "own", "foo")
    (tmp_path / "xprov.toml").write_text('recipes = ["own"]')

    assert "A library for tests" in xprov("list").out


def test_a_mistake_in_the_projects_settings_is_no_bug(xprov: Xprov, tmp_path: Path) -> None:
    (tmp_path / "xprov.toml").write_text('recipe = ["own"]')

    seen = xprov("list")

    assert seen.code == 2
    assert "`recipe` is not a key that is known here\n\nhint: did you mean `recipes`?" in seen.err


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("xprov sh", ["show"]),
        ("xprov show op", ["openssl"]),
        ("xprov show al", ["alsa"]),
        ("xprov list --j", ["--json"]),
    ],
)
def test_words_are_completed(xprov: Xprov, monkeypatch: pytest.MonkeyPatch, typed: str, offered: list[str]) -> None:
    monkeypatch.setenv("_XPROV_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split()) - 1))

    assert xprov().out.split() == offered


def test_completion_keeps_quiet_about_a_broken_recipe(
    xprov: Xprov, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "xprov.toml").write_text("broken")
    monkeypatch.setenv("_XPROV_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "xprov show al")
    monkeypatch.setenv("COMP_CWORD", "2")

    seen = xprov()

    assert (seen.out.strip(), seen.err) == ("", "")
