"""`xprov run`: from a laptop's folder to a wheel, in a container that leaves nothing behind."""

import contextlib
import fcntl
import hashlib
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tarfile
import termios
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import pytest
import requests
from tests.integration.conftest import CRATES, CrossImage, UnpackPython
from tests.integration.containers import engine
from tests.integration.images import cache_folder

from xprov.containers.owner import LABEL

pytestmark = [pytest.mark.archive, pytest.mark.docker, pytest.mark.root]

# Whose the project is: nobody that this machine knows, and not who runs the tests.
USER, GROUP = 4321, 8765
OLD = "2_31"


@dataclass(frozen=True, kw_only=True, slots=True)
class Laptop:
    """A person's machine: a project, and what xprov keeps."""

    folder: Path
    image: str
    environ: Mapping[str, str] = field(default_factory=dict)

    @property
    def project(self) -> Path:
        return self.folder / "project"

    def words(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "xprov", "run", *words]

    @property
    def variables(self) -> dict[str, str]:
        return {**os.environ, "XPROV_CACHE_DIR": str(self.folder / "cache"), **self.environ}

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.words(*words),
            cwd=self.project,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, target: str = "armhf", image: str | None = None) -> "Ended":
        process = self.start(target, "--image", image or self.image, *words)
        out, err = process.communicate(timeout=300)
        return Ended(code=process.returncode, out=out, err=err)

    def containers(self) -> list[str]:
        """Return the containers that have something of this machine mounted."""
        with engine() as client:
            found = client.containers.list(all=True, filters={"label": LABEL})
            return [str(one.id) for one in found if str(self.folder) in json.dumps(one.attrs["Mounts"])]

    def not_the_users(self) -> list[Path]:
        return [path for path in self.project.rglob("*") if path.lstat().st_uid != USER]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """What a run wrote, and its exit code."""

    code: int
    out: str
    err: str


@contextlib.contextmanager
def alone_at_engine() -> Iterator[None]:
    """Have others that do this wait meanwhile: any xprov sweeps away what a killed one has left in the engine."""
    with (cache_folder() / "engine.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where xprov keeps what it fetched and compiled, for all tests of this file."""
    return tmp_path_factory.mktemp("laptop")


@pytest.fixture
def laptop(folder: Path, manylinux_image: CrossImage) -> Iterator[Laptop]:
    made = Laptop(folder=folder, image=manylinux_image("armhf"))
    if not made.project.exists():
        shutil.copytree(CRATES / "tone", made.project)
        (made.project / ".git").mkdir()
        for path in (made.project, *made.project.rglob("*")):
            os.chown(path, USER, GROUP)
    yield made
    assert made.containers() == [], "a container was left behind"


def test_a_wheel_is_built_for_its_target_and_belongs_to_the_user(
    laptop: Laptop, foreign_python: UnpackPython, tmp_path: Path
) -> None:
    built = laptop.run("alsa", "--manylinux", OLD, "--", "maturin", "build", "--release", "--manylinux", OLD)

    assert built.code == 0, built.err
    [wheel] = (laptop.project / "target/wheels").iterdir()
    assert wheel.name == f"tone-0.1.0-cp39-abi3-manylinux_{OLD}_armv7l.whl"
    assert laptop.not_the_users() == []
    python = foreign_python("armhf", "bullseye")
    python.install(wheel, tmp_path / "site")
    assert python.evaluate("tone.ALSA", module="tone", folder=tmp_path / "site") == "1.2.4"

    again = laptop.run("alsa", "--manylinux", OLD, "--", "maturin", "build", "--release", "--manylinux", OLD)

    assert (again.code, "Compiling" in built.err, "Compiling" in again.err) == (0, True, False), again.err
    assert "all of it is there already" in again.err


def test_only_what_was_asked_for_is_there(laptop: Laptop) -> None:
    laptop.run("alsa", "--", "true")

    seen = laptop.run(
        "dbus",
        "--",
        "sh",
        "-c",
        "for name in alsa dbus-1; do $PKG_CONFIG_armv7_unknown_linux_gnueabihf --exists $name; echo $?; done",
    )

    assert seen.out == "1\n0\n", seen.err


def test_what_is_provisioned_cannot_be_written_to(laptop: Laptop) -> None:
    seen = laptop.run("alsa", "--", "sh", "-c", 'touch "${PKG_CONFIG_armv7_unknown_linux_gnueabihf%/*}/x"')

    assert seen.code != 0
    assert "Read-only file system" in seen.err


def test_both_streams_and_the_exit_code_are_the_commands(laptop: Laptop) -> None:
    seen = laptop.run("--", "sh", "-c", "echo to out; echo to err >&2; exit 7")

    assert (seen.code, seen.out) == (7, "to out\n")
    assert "to err\n" in seen.err


def test_variables_are_passed_when_they_are_named(laptop: Laptop) -> None:
    other = Laptop(folder=laptop.folder, image=laptop.image, environ={"SECRET": "s", "MINE": "m", "HTTPS_PROXY": ""})
    words = ("-e", "MINE", "-e", "GIVEN=a b", "-e", "ABSENT", "--", "sh", "-c")

    seen = other.run(*words, 'echo "[$MINE] [$GIVEN] [${ABSENT-none}] [${SECRET-none}]"')

    assert seen.out == "[m] [a b] [none] [none]\n"


def test_the_network_is_reached_as_from_the_shell(laptop: Laptop, tmp_path: Path) -> None:
    bundle = tmp_path / "company.pem"
    bundle.write_text("certificates\n")
    environ = {"SSL_CERT_FILE": str(bundle), "https_proxy": "http://proxy.test:3128"}
    other = Laptop(folder=laptop.folder, image=laptop.image, environ=environ)

    seen = other.run("--", "sh", "-c", 'cat "$SSL_CERT_FILE" "$PIP_CERT" "$CARGO_HTTP_CAINFO"; echo "$https_proxy"')

    assert seen.out == "certificates\n" * 3 + "http://proxy.test:3128\n"


def test_a_proxy_of_this_machine_alone_is_told_of(laptop: Laptop) -> None:
    other = Laptop(folder=laptop.folder, image=laptop.image, environ={"https_proxy": "http://127.0.0.1:3128"})

    assert "https_proxy names a proxy on this machine's loopback" in other.run("--", "true").err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_the_command_and_the_container(laptop: Laptop, number: signal.Signals) -> None:
    begun = laptop.project / f"begun-{number}"
    script = f"trap 'echo told; exit 3' INT; touch {begun.name}; while :; do sleep 0.1; done"
    process = laptop.start("armhf", "--image", laptop.image, "--", "bash", "-c", script)
    wait_for(begun)

    process.send_signal(number)
    out, err = process.communicate(timeout=30)

    assert (process.returncode, out) == (130, "told\n"), err
    assert "error: interrupted" in err
    assert laptop.not_the_users() == []
    begun.unlink()


def test_a_command_that_will_not_end_is_ended(laptop: Laptop) -> None:
    begun = laptop.project / "stubborn"
    script = f"trap '' INT; touch {begun.name}; while :; do sleep 0.1; done"
    process = laptop.start("armhf", "--image", laptop.image, "--", "bash", "-c", script)
    wait_for(begun)

    process.send_signal(signal.SIGINT)

    assert process.wait(timeout=30) == 130
    assert laptop.not_the_users() == []
    process.communicate()
    begun.unlink()


def test_what_a_killed_run_left_is_swept_by_the_next(laptop: Laptop) -> None:
    begun = laptop.project / "killed"
    with alone_at_engine():
        process = laptop.start("armhf", "--image", laptop.image, "--", "bash", "-c", f"touch {begun.name}; sleep 600")
        wait_for(begun)
        process.kill()
        process.communicate()
        assert len(laptop.containers()) == 1

        seen = laptop.run("--", "true")

    assert seen.code == 0
    assert "Removed 1 container that a killed xprov had left" in seen.err
    assert (laptop.containers(), laptop.not_the_users()) == ([], [])
    begun.unlink()


def test_a_run_leaves_the_container_of_another_alone(laptop: Laptop) -> None:
    begun = laptop.project / "other"
    process = laptop.start(
        "armhf", "--image", laptop.image, "--", "bash", "-c", f"touch {begun.name}; sleep 3; echo done"
    )
    wait_for(begun)

    seen = laptop.run("--", "true")

    assert "Removed" not in seen.err
    assert process.communicate(timeout=30)[0] == "done\n"
    begun.unlink()


def test_a_person_at_a_terminal_types_to_the_command(laptop: Laptop) -> None:
    script = (
        'stty size; read -r line; echo "got $line"; trap "echo stopped; exit 5" INT; echo ready; '
        "while :; do sleep 0.1; done"
    )
    child, place = pty.fork()
    if child == 0:
        os.chdir(laptop.project)
        words = laptop.words("armhf", "--image", laptop.image, "--", "bash", "-c", script)
        os.execve(sys.executable, words, {**laptop.variables, "COLUMNS": "80", "LINES": "24"})  # noqa: S606 - a terminal is what is tested
    fcntl.ioctl(place, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 101, 0, 0))

    seen = read_until(place, "33 101")
    os.write(place, b"words\n")
    seen += read_until(place, "ready")

    os.write(place, b"\x03")

    seen += read_until(place, "stopped")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 5
    assert "got words" in seen


def test_what_cannot_be_is_told_with_what_helps(laptop: Laptop) -> None:
    cases = [
        (laptop.run("--", "true", image="localhost:1/absent:1"), 3, "localhost:1/absent:1"),
        (laptop.run("alsa"), 2, "say behind `--` what to run"),
        (laptop.run("alsaa", "--", "true"), 2, "did you mean"),
        (laptop.run("--", "true", target="mips"), 2, "there is no target `mips`"),
        (with_engine(laptop, "unix:///nowhere/docker.sock").run("--", "true"), 6, "no container engine answers at"),
        (with_engine(laptop, "tcp://10.0.0.1:2375").run("--", "true"), 2, "may be another machine"),
        (laptop.run("--", "no-such-program"), 127, "no-such-program"),
    ]

    for seen, code, told in cases:
        assert (seen.code, told in seen.err, "Traceback" in seen.err) == (code, True, False), seen.err
        assert code == 127 or "hint: " in seen.err


def with_engine(laptop: Laptop, address: str) -> Laptop:
    return Laptop(folder=laptop.folder, image=laptop.image, environ={"DOCKER_HOST": address})


def test_an_image_of_another_machine_is_refused(laptop: Laptop) -> None:
    tag = "xprov-test/other-machine:1"
    subprocess.run(["docker", "load"], input=empty_image(tag, "s390x"), capture_output=True, check=True)
    try:
        seen = laptop.run("--", "true", image=tag)
    finally:
        subprocess.run(["docker", "rmi", tag], capture_output=True, check=True)

    assert (seen.code, "is for s390x machines, and this one is" in seen.err) == (2, True), seen.err


def empty_image(tag: str, architecture: str) -> bytes:
    """Return an image without anything in it, as `docker save` writes one."""
    layer = archive_of({})
    config = {
        "architecture": architecture,
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [tag], "Layers": ["layer.tar"]}]
    texts = {"config.json": json.dumps(config).encode(), "manifest.json": json.dumps(manifest).encode()}
    return archive_of({**texts, "layer.tar": layer})


def archive_of(files: Mapping[str, bytes]) -> bytes:
    whole = BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, BytesIO(content))
    return whole.getvalue()


def test_an_image_is_asked_once(laptop: Laptop) -> None:
    laptop.run("alsa", "--", "true")
    [memory] = (laptop.folder / "cache/images").glob("*.json")
    answers = json.loads(memory.read_text())["answers"]
    compiler = next(iter(path for path in answers if re.search(r"-E.*-dM", path)))

    assert "armv7-unknown-linux-gnueabihf-gcc" in compiler
    changed = memory.stat().st_mtime_ns
    laptop.run("dbus", "--", "true")
    assert memory.stat().st_mtime_ns == changed


def test_xprov_provisions_inside_as_a_before_script_does(laptop: Laptop) -> None:
    script = "$PKG_CONFIG_armv7_unknown_linux_gnueabihf --modversion alsa; echo $TARGET_SYSROOT"

    seen = laptop.run("alsa", "--inside", "--manylinux", OLD, "--", "sh", "-c", script)

    assert (seen.code, seen.out) == (0, "1.2.4\n/root/.xprov/armhf/bundle\n"), seen.err


def test_a_lock_says_what_a_run_gets(laptop: Laptop) -> None:
    lock = [sys.executable, "-m", "xprov", "lock", "armhf", "--suite", "debian:bullseye", "--", "alsa"]
    subprocess.run(lock, cwd=laptop.project, env=laptop.variables, check=True, capture_output=True)

    seen = laptop.run("--locked", "--", "sh", "-c", "$PKG_CONFIG_armv7_unknown_linux_gnueabihf --modversion alsa")

    (laptop.project / "xprov.lock").unlink()
    assert (seen.code, seen.out) == (0, "1.2.4\n"), seen.err
    assert "Reading debian" not in seen.err


RUST = "https://static.rust-lang.org"


def has_rust() -> bool:
    try:
        return requests.head(RUST, timeout=10).ok
    except requests.RequestException:
        return False


def test_what_an_image_lacks_to_build_crates_is_installed_once(laptop: Laptop) -> None:
    if not has_rust():
        pytest.skip(f"{RUST} does not answer")
    bare = "xprov-test/without-rust:1"
    with engine() as client:
        made = client.containers.run(
            laptop.image, ["sh", "-c", "rm /usr/bin/cargo /usr/bin/rustc /usr/local/bin/maturin"], detach=True
        )
        made.wait()
        made.commit(*bare.split(":"))
        made.remove()
    try:
        # For this machine: Rust's library for others comes from the same host, where a mirror may lack it.
        script = "cargo init -q /tmp/own && cargo build -q --manifest-path /tmp/own/Cargo.toml && maturin --version"
        first, second = (laptop.run("--", "sh", "-c", script, image=bare, target="amd64") for _ in range(2))
    finally:
        subprocess.run(["docker", "rmi", bare], capture_output=True, check=True)

    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert "Not in the image, installed once: Rust by rustup, maturin>=1.16,<2 by pip" in first.err
    assert "Not in the image" not in second.err
    assert second.out.startswith("maturin 1.")
    assert laptop.not_the_users() == []


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} does not come"
        time.sleep(0.05)


def read_until(place: int, sign: str) -> str:
    seen = ""
    while sign not in seen:
        ready, _, _ = select.select([place], [], [], 30)
        assert ready, f"waiting for {sign!r}, there was {seen!r}"
        seen += os.read(place, 4096).decode()
    return seen
