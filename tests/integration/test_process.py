"""Programs that are started and go on while xprov does something else."""

import os
import time
from pathlib import Path

import pytest

from xprov.errors import ToolMissingError
from xprov.process import ProcessError, run, start

# More than a pipe holds (pipe(7)).
MUCH = 1 << 18


def is_running(pid: int) -> bool:
    """Return whether there is a process `pid`; one that has ended and that nobody waited for counts too."""
    return Path(f"/proc/{pid}").exists()


def test_what_was_started_goes_on_until_its_answer_is_wanted(tmp_path: Path) -> None:
    running = start(["sh", "-c", f"cat; echo also >&2; touch {tmp_path}/done"], stdin="said")
    deadline = time.monotonic() + 30
    while not (tmp_path / "done").exists() and time.monotonic() < deadline:
        time.sleep(0.01)

    done = running.result()

    assert (done.ok, done.stdout, done.stderr) == (True, "said", "also\n")


def test_what_writes_more_than_a_pipe_holds_is_read_whole() -> None:
    running = start(["sh", "-c", f"head -c {MUCH} /dev/zero; head -c {MUCH} /dev/zero >&2"])

    done = running.result()

    assert (len(done.stdout), len(done.stderr)) == (MUCH, MUCH)


def test_a_program_that_is_not_there_is_told_by_who_asks() -> None:
    running = start(["xprov-no-such-program"])

    with pytest.raises(ToolMissingError, match="`xprov-no-such-program` is not installed"):
        running.result(check=False)


def test_a_file_that_is_no_program_is_told_by_who_asks(tmp_path: Path) -> None:
    (tmp_path / "file").touch(mode=0o600)

    with pytest.raises(ToolMissingError, match="permission denied"):
        start([tmp_path / "file"]).result()


def test_one_that_fails_is_an_error_where_it_matters() -> None:
    words = ["sh", "-c", "echo why >&2; exit 3"]

    with pytest.raises(ProcessError, match="status 3\nwhy"):
        start(words).result()
    assert start(words).result(check=False).returncode == 3


def test_one_that_reads_nothing_of_what_it_is_given_is_no_error() -> None:
    running = start(["true"], stdin="unread " * 500)

    assert running.result().ok


def test_one_without_input_finds_it_empty() -> None:
    assert run(["cat"]).stdout == ""


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_one_that_nobody_waited_for_ends_with_the_block(tmp_path: Path, error: type[BaseException]) -> None:
    os.mkfifo(tmp_path / "pid")
    told: list[int] = []

    def fail() -> None:
        with start(["sh", "-c", f"echo $$ > {tmp_path}/pid; exec sleep 60"]):
            told.append(int((tmp_path / "pid").read_text()))
            raise error

    with pytest.raises(error):
        fail()

    assert not is_running(told[0])


def test_one_whose_answer_was_taken_is_left_alone_by_the_end_of_the_block() -> None:
    with start(["echo", "said"]) as running:
        done = running.result()

    assert done.stdout == "said\n"
