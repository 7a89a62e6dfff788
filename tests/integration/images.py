"""Images that tests run in, made here: no registry is asked.

A base image is what mmdebstrap makes of the archive that this machine's apt reads; the others are built from it with
`dockerfiles/`. A tag ends with a hash of all that an image was made from, the week included, so that an image is
reused until something changed or a week of updates has passed. `python -m tests.integration.images` makes every
image, for a CI run whose log should show it.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import IO, cast

from docker.errors import ImageNotFound
from tests.integration.bases import SUITES, describe_base, import_base
from tests.integration.containers import LABEL, engine

from xprov.target import Target, find_target

Say = Callable[[str], None]
"""Takes one line about what goes on."""

DOCKERFILES = Path(__file__).parents[2] / "dockerfiles"

HOST_SUITES = {"armhf": "bookworm", "arm64": "trixie"}
"""Targets that there are images with a cross compiler for, and the suite of each image.

In a stable suite a mirror may have amd64 and arm64 of the newest point release and the other architectures of the one
before, for days: apt installs nothing there then. An old stable suite has no more point releases.
"""

PYTHONS = {"bookworm": "3.11", "trixie": "3.13"}
"""The Python of each of those suites."""

# The ending of Rust's packages where the suite's own are too old for PyO3.
_RUST = {"bookworm": "-web", "trixie": ""}

# Two weeks after an image was made nothing asks for it any more: its tag names a week.
_IMAGE_LIFE = timedelta(days=14)

_AT_ONCE = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """How an image is built from a Dockerfile: the other files that it copies, and its arguments."""

    name: str
    dockerfile: str
    files: tuple[str, ...]
    arguments: dict[str, str]

    @property
    def ingredients(self) -> tuple[str, ...]:
        """All that decides what is in the image."""
        texts = [(DOCKERFILES / name).read_text() for name in (self.dockerfile, *self.files)]
        return (*texts, *(f"{name}={value}" for name, value in sorted(self.arguments.items())))


def say_on_stderr(line: str) -> None:
    """Print `line` where a person or a CI log sees it at once."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def cache_folder() -> Path:
    """Return the folder for downloads that several test runs share."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "xprov-tests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def bare_image(suite: str, *, updates: bool = False, say: Say = say_on_stderr) -> str:
    """Return the tag of an image of Debian `suite`, shaped like the official slim one: apt and what is essential.

    Without `updates` its sources name the suite alone, which changes at point releases only. `-updates` and
    `-security` change under a running test, and mirrors fall behind there by architecture: then amd64 has a version
    that armhf has not, or an index does not match its release file.
    """
    base = describe_base(suite, updates=updates)
    tag = tag_of(f"bare-{suite}", *base.ingredients)
    with _made_once(tag, f"mmdebstrap {suite}", say) as missing:
        if missing:
            import_base(tag, base)
    return tag


def plain_image(target: str, *, say: Say = say_on_stderr) -> str:
    """Return the tag of `dockerfiles/plain.Dockerfile` for `target`, by any of its names."""
    found = find_target(target)
    arguments = {**_host_arguments(found, say), "ARCHITECTURE": found.debian, "TRIPLET": found.triplet}
    recipe = Recipe(
        name=f"plain-{found.debian}",
        dockerfile="plain.Dockerfile",
        files=("requirements.txt",),
        arguments=arguments,
    )
    return _built(recipe, say)


def manylinux_image(target: str, *, say: Say = say_on_stderr) -> str:
    """Return the tag of `dockerfiles/manylinux-cross.Dockerfile` for `target`, by any of its names."""
    found = find_target(target)
    bases = {**_host_arguments(found, say), "TOOLCHAIN_BASE": bare_image("bullseye", say=say)}
    recipe = Recipe(
        name=f"manylinux-cross-{found.debian}",
        dockerfile="manylinux-cross.Dockerfile",
        files=("requirements.txt", "split-toolchain.sh"),
        arguments={**bases, **_manylinux_arguments(found)},
    )
    return _built(recipe, say)


def rpm_image(*, say: Say = say_on_stderr) -> str:
    """Return the tag of `dockerfiles/rpm.Dockerfile`: a system of rpm, whose one repository has alsa."""
    folder = "rpm"
    recipe = Recipe(
        name="rpm",
        dockerfile="rpm.Dockerfile",
        files=tuple(f"{folder}/{path.name}" for path in sorted((DOCKERFILES / folder).iterdir())),
        arguments={"BASE": bare_image("bookworm", say=say)},
    )
    return _built(recipe, say)


def tag_of(name: str, *ingredients: str) -> str:
    """Return a tag for image `name` that no other ingredients, and no other week, have."""
    week = datetime.now(tz=timezone.utc).strftime("%G-W%V")
    text = "\0".join((week, *ingredients))
    return f"xprov-test/{name}:{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _host_arguments(target: Target, say: Say) -> dict[str, str]:
    suite = HOST_SUITES[target.debian]
    return {"BASE": bare_image(suite, say=say), "RUST": _RUST[suite]}


def _manylinux_arguments(target: Target) -> dict[str, str]:
    underscored = target.rust.replace("-", "_")
    return {
        "ARCHITECTURE": target.debian,
        "TRIPLET": target.triplet,
        "TARGET": target.rust,
        "TARGET_UNDERSCORED": underscored,
        "TARGET_UPPER": underscored.upper(),
    }


def _built(recipe: Recipe, say: Say) -> str:
    tag = tag_of(recipe.name, *recipe.ingredients)
    with _made_once(tag, recipe.dockerfile, say) as missing:
        if missing:
            _build(tag, recipe, say)
    return tag


def _build(tag: str, recipe: Recipe, say: Say) -> None:
    arguments = {**recipe.arguments, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/tmp/wheels"}  # noqa: S108  # in the image
    with _context(recipe) as context, engine() as client:
        steps = client.api.build(
            fileobj=context,
            custom_context=True,
            dockerfile=recipe.dockerfile,
            tag=tag,
            buildargs=arguments,
            labels={LABEL: ""},
            forcerm=True,
            decode=True,
        )
        _follow(tag, cast("Iterator[dict[str, object]]", steps), say)


def _follow(tag: str, steps: Iterator[dict[str, object]], say: Say) -> None:
    """Show the steps of a build; when it fails, all that it wrote."""
    log: list[str] = []
    for step in steps:
        text = str(step.get("stream", ""))
        log.append(text)
        if text.startswith("Step "):
            say(f"{tag}: {text.splitlines()[0][:100]}")
        if "error" in step:
            raise RuntimeError(f"building {tag} failed: {step['error']}\n{''.join(log)}")


@contextmanager
def _context(recipe: Recipe) -> Iterator[IO[bytes]]:
    """Pack the build's context, the wheels of `requirements.txt` with it.

    The wheels are fetched here because a build has no place for the certificates that this machine may need to reach
    a package index, and an image should not keep them.
    """
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as packed:
        wheels = Path(folder, "wheels")
        download_wheels(wheels, "--requirement", str(DOCKERFILES / "requirements.txt"))
        with tarfile.open(fileobj=packed, mode="w") as tar:
            for name in (recipe.dockerfile, *recipe.files):
                tar.add(DOCKERFILES / name, name)
            tar.add(wheels, "wheels")
        packed.seek(0)
        yield packed


def download_wheels(folder: Path, *what: str) -> None:
    """Fetch wheels that each of PYTHONS can install into `folder`, `what` as `pip download` takes it."""
    for python in PYTHONS.values():
        options = ["--quiet", "--only-binary=:all:", f"--python-version={python}", f"--dest={folder}"]
        subprocess.run([sys.executable, "-m", "pip", "download", *options, *what], check=True, stdin=subprocess.DEVNULL)


@contextmanager
def _made_once(tag: str, how: str, say: Say) -> Iterator[bool]:
    """Say whether image `tag` has to be made, while no other process makes it; forget its predecessors then."""
    lock = cache_folder() / f"{tag.replace('/', '-').replace(':', '-')}.lock"
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if _exists(tag):
            yield False
            return
        say(f"{tag}: {how} ...")
        begun = time.monotonic()
        yield True
        say(f"{tag}: {time.monotonic() - begun:.0f} s")
        _forget_old(tag.partition(":")[0])


def _exists(tag: str) -> bool:
    with engine() as client:
        try:
            client.images.get(tag)
        except ImageNotFound:
            return False
        return True


def _forget_old(repository: str) -> None:
    now = datetime.now(tz=timezone.utc)
    with engine() as client:
        for image in client.images.list(repository):
            # The engine writes nanoseconds, which datetime does not read; the seconds will do.
            created = datetime.fromisoformat(image.attrs["Created"][:19]).replace(tzinfo=timezone.utc)
            if now - created > _IMAGE_LIFE:
                for tag in image.tags:
                    client.images.remove(tag)


def main() -> None:
    """Make every image, some at once: each waits for its packages more than it computes."""
    makers: list[Callable[[], str]] = [partial(bare_image, suite) for suite in SUITES]
    for target in HOST_SUITES:
        makers += [partial(plain_image, target), partial(manylinux_image, target)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for made in [pool.submit(maker) for maker in (*makers, rpm_image)]:
            made.result()


if __name__ == "__main__":
    main()
