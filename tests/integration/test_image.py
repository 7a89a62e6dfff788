"""Images with libraries: what is built in one with nothing sourced, and that the same lock makes the same image."""

import contextlib
import functools
import http.server
import io
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from docker.errors import ImageNotFound
from tests.integration.conftest import BareImage, CrossImage, StartJob, UnpackPython
from tests.integration.containers import LABEL, engine, run_in
from tests.integration.test_run import alone_at_engine, empty_image
from tests.integration.wheelfile import bundled
from tests.unit.projects import write_project

pytestmark = [pytest.mark.archive, pytest.mark.docker]

_LIBRARIES = ("alsa", "dbus", "openssl")
_LOCK = "dev.xprov.armhf.lock"

_TLS = {
    "Cargo.toml": '[dependencies]\nopenssl-sys = "=0.9.111"\n[workspace]\n',
    "src/lib.rs": """\
#[no_mangle]
pub extern "C" fn tls_version() -> std::ffi::c_ulong {
    unsafe { openssl_sys::OpenSSL_version_num() }
}
""",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Xprov:
    """The program, with a cache and a home of its own, and the images that it makes, which are gone in the end."""

    folder: Path
    tags: list[str] = field(default_factory=list)

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        with alone_at_engine():
            done = self.start(*words)
            out, err = done.communicate(timeout=300)
        return subprocess.CompletedProcess(words, done.returncode, out, err)

    def start(self, *words: str) -> subprocess.Popen[str]:
        environ = {**os.environ, "XPROV_CACHE_DIR": str(self.folder / "cache"), "XPROV_HOME": str(self.folder / "home")}
        command = [str(Path(sys.executable).with_name("xprov")), *words]
        pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, env=environ, text=True, cwd=self.folder, **pipes)

    def image(self, *words: str) -> str:
        """Have an image made and return its name."""
        tag = self.tag()
        done = self("image", *words, "--tag", tag)
        assert done.returncode == 0, done.stderr
        return tag

    def tag(self) -> str:
        """Return a name that no image has."""
        self.tags.append(f"xprov-test/baked:{uuid.uuid4().hex}")
        return self.tags[-1]


@contextlib.contextmanager
def _program(folder: Path) -> Iterator[Xprov]:
    xprov = Xprov(folder=folder)
    yield xprov
    with engine() as client:
        for tag in xprov.tags:
            with contextlib.suppress(ImageNotFound):
                client.images.remove(tag, force=True)


@pytest.fixture(scope="module")
def xprov(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Xprov]:
    with _program(tmp_path_factory.mktemp("image")) as program:
        yield program


@pytest.fixture(scope="module")
def base(manylinux_image: CrossImage) -> str:
    return manylinux_image("armhf")


@pytest.fixture(scope="module")
def baked(xprov: Xprov, base: str) -> str:
    """Return an image with libraries for armhf."""
    return xprov.image("armhf", *_LIBRARIES, "--base", base)


def _facts(tag: str) -> dict[str, Any]:
    """Return what the engine knows of an image."""
    with engine() as client:
        return dict(client.images.get(tag).attrs)


def _content(tag: str) -> tuple[Any, ...]:
    """Return what is in an image; its name also tells when it was made."""
    facts = _facts(tag)
    return (facts["RootFS"], facts["Config"]["Env"], facts["Config"]["Labels"])


def _variables(tag: str) -> dict[str, str]:
    return dict(word.split("=", 1) for word in _facts(tag)["Config"]["Env"])


@pytest.mark.qemu
def test_a_wheel_is_built_with_nothing_sourced(baked: str, start_job: StartJob, foreign_python: UnpackPython) -> None:
    job = start_job(baked, "armhf")

    with job.container() as box:
        job.build(box, before=(), arguments="--release --out dist --manylinux 2_31 -i python3.9").expect()

    wheel = job.wheel()
    assert {"libasound", "libdbus-1", "libsystemd"} <= bundled(wheel)
    called = foreign_python("armhf", "bullseye").call_libraries(wheel, job.folder / "site")
    assert called == ("1.2.4", "Ping")


def test_openssl_sys_is_not_led_astray_by_the_variable_that_cannot_be_unset(
    baked: str, base: str, start_job: StartJob, tmp_path: Path
) -> None:
    job = start_job(baked, "armhf")
    write_project(tmp_path / "tls", _TLS)
    mounts = {tmp_path / "tls": "/io", job.shared.cargo_home: "/run/cargo"}
    script = "cd /io && cargo build --quiet && readelf -d target/*/debug/libdemo.so"
    cargo = {"CARGO_HOME": "/run/cargo"}

    built = run_in(baked, script, mounts=mounts, env=cargo).expect()
    without = run_in(base, script, mounts=mounts, env=cargo)

    assert "[libcrypto.so.1.1]" in built.stdout
    assert "OPENSSL_DIR" in without.stderr


def test_the_lock_in_its_label_makes_the_same_image_again(xprov: Xprov, baked: str, base: str, tmp_path: Path) -> None:
    facts = _facts(baked)
    lock = tmp_path / "xprov.lock"
    lock.write_text(facts["Config"]["Labels"][_LOCK] + "\n")
    written = tmp_path / "written.lock"
    xprov("lock", "armhf", "--glibc", "2.31", "--lock-file", str(written), "--", *_LIBRARIES)

    with _program(tmp_path) as other:
        again = other.image("armhf", "--locked", "--lock-file", str(lock), "--base", base)
        assert _content(again) == _content(baked)

    assert written.read_text() == lock.read_text()
    labels = {name: value for name, value in facts["Config"]["Labels"].items() if name.startswith("dev.xprov.")}
    assert labels.pop(_LOCK)
    assert labels.pop("dev.xprov.armhf.version")
    assert labels == {
        "dev.xprov.armhf.libraries": " ".join(_LIBRARIES),
        "dev.xprov.armhf.suite": "debian:bullseye",
    }


def test_the_printed_dockerfile_makes_the_same_image(xprov: Xprov, baked: str, base: str, wheelhouse: Path) -> None:
    printed = xprov("image", "armhf", *_LIBRARIES, "--base", base, "--print")
    tag = xprov.tag()

    with _served(wheelhouse) as address:
        arguments = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": address}
        command = ["docker", "build", "--quiet", "--network=host", f"--label={LABEL}", f"--tag={tag}"]
        command += [f"--build-arg={name}={value}" for name, value in arguments.items()]
        environ = {**os.environ, "DOCKER_BUILDKIT": "0"}
        built = subprocess.run(
            [*command, "-"], input=printed.stdout, env=environ, text=True, capture_output=True, check=False
        )

    assert built.returncode == 0, built.stdout + built.stderr
    assert _variables(tag) == _variables(baked)
    assert _facts(tag)["RootFS"] == _facts(baked)["RootFS"]
    labels = _facts(baked)["Config"]["Labels"]
    assert {**_facts(tag)["Config"]["Labels"], _LOCK: labels[_LOCK]} == labels


@contextlib.contextmanager
def _served(folder: Path) -> Iterator[str]:
    """Serve the files of `folder` on loopback."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class's
        pass


def test_an_image_can_have_libraries_for_several_targets(xprov: Xprov, bare_image: BareImage) -> None:
    one = xprov.image("armhf", "alsa", "--base", bare_image("bookworm"), "--manylinux", "2_31")
    two = xprov.image("arm64", "zlib", "--base", one, "--manylinux", "2_31")
    script = """
        "$PKG_CONFIG_armv7_unknown_linux_gnueabihf" --cflags alsa
        "$PKG_CONFIG_aarch64_unknown_linux_gnu" --cflags zlib
        ! "$PKG_CONFIG_aarch64_unknown_linux_gnu" --exists alsa
        echo "$TARGET_SYSROOT" "$CARGO_BUILD_TARGET"
    """

    ran = run_in(two, f"set -eu; {script}").expect()
    sourced = run_in(two, f"env -i sh -c 'set -eu; . /opt/xprov/env; CARGO_BUILD_TARGET=; {script}'").expect()

    armhf, arm64, other = ran.stdout.splitlines()
    assert "-I/opt/xprov/armhf/libs/usr/include" in armhf
    assert "-I/opt/xprov/arm64/libs/usr/include" in arm64
    assert other == "/opt/xprov aarch64-unknown-linux-gnu"
    assert sourced.stdout.splitlines() == [armhf, arm64, "/opt/xprov "]
    refused = xprov("image", "arm64", "alsa", "--base", two, "--tag", xprov.tag())
    assert refused.returncode == 2
    assert "has libraries for arm64 already: zlib" in refused.stderr


def test_a_base_that_is_nowhere_is_named(xprov: Xprov) -> None:
    done = xprov("image", "armhf", "alsa", "--base", "localhost:1/no/such:image", "--tag", xprov.tag())

    assert done.returncode == 3
    assert "localhost:1/no/such:image" in done.stderr
    assert "hint:" in done.stderr


def test_a_base_for_another_machine_is_refused(xprov: Xprov) -> None:
    base = xprov.tag()
    subprocess.run(["docker", "load"], input=empty_image(base, "s390x"), capture_output=True, check=True)

    done = xprov("image", "armhf", "alsa", "--base", base, "--tag", xprov.tag())

    assert done.returncode == 2
    assert "is for s390x machines, and this one is" in done.stderr


def _make(tag: str, *lines: str) -> None:
    """Make an image with a Dockerfile of `lines`."""
    dockerfile = io.BytesIO("\n".join(lines).encode())
    with engine() as client:
        client.images.build(fileobj=dockerfile, tag=tag, labels={LABEL: ""}, forcerm=True)


def test_a_step_that_fails_is_shown_and_no_image_gets_the_name(xprov: Xprov, bare_image: BareImage) -> None:
    base, tag = xprov.tag(), xprov.tag()
    _make(base, f"FROM {bare_image('bookworm')}", "ONBUILD RUN echo the disk is made of cheese; exit 3")

    done = xprov("image", "armhf", "alsa", "--base", base, "--tag", tag, "--manylinux", "2_31")

    assert done.returncode == 1
    assert "the disk is made of cheese" in done.stderr
    with pytest.raises(ImageNotFound):
        _facts(tag)


def test_an_interrupted_build_leaves_no_container_and_no_image(xprov: Xprov, bare_image: BareImage) -> None:
    mark = f"xprov.test.mark={uuid.uuid4().hex}"
    base, tag = xprov.tag(), xprov.tag()
    _make(base, f"FROM {bare_image('bookworm')}", f"LABEL {mark}")
    with alone_at_engine():
        running = xprov.start("-v", "image", "armhf", "zlib", "--base", base, "--tag", tag, "--manylinux", "2_31")
        assert running.stderr is not None
        next(line for line in running.stderr if line.startswith("step 4 "))

        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)

    assert running.returncode == 130, said
    assert _left(mark) == []
    with pytest.raises(ImageNotFound):
        _facts(tag)


def _left(label: str) -> list[str]:
    """Return the containers that are there when the engine has ended the step it is in, and has cleaned up."""
    left: list[str] = []
    quiet, deadline = 0, time.monotonic() + 30
    with engine() as client:
        while quiet < 4 and time.monotonic() < deadline:
            left = [container["Id"] for container in client.api.containers(all=True, filters={"label": label})]
            quiet = 0 if left else quiet + 1
            time.sleep(0.5)
    return left
