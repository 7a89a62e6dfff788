"""Images that tests run in, made here: no registry is asked.

A base image is what mmdebstrap makes of the archive that this machine's apt reads; the others are built from it with
`dockerfiles/`. A tag ends with a hash of all that an image was made from, the week included, so that an image is
reused until something changed or a week of security updates has passed. `python -m tests.integration.images` makes
every image, for a CI run whose log should show it.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from docker.errors import ImageNotFound
from tests.integration.containers import LABEL, engine
from tests.integration.mirror import find_mirror

Say = Callable[[str], None]
"""Takes one line about what goes on."""

BARE_SUITES = ("bullseye", "bookworm", "trixie")

# bullseye's own images still have a sources.list; from bookworm on it is a debian.sources.
_ONE_LINE_SUITES = ("bullseye",)

# As in Debian's `-slim` images: quicker, and dpkg lists files there that are not on disk, as it does for many users.
_LEFT_OUT = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*")


def say_on_stderr(line: str) -> None:
    """Print `line` where a person or a CI log sees it at once."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def cache_folder() -> Path:
    """Where downloads that several test runs share are kept."""
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
    mirror = find_mirror()
    arguments = _bootstrap(suite, mirror.lines(suite, updates=updates))
    stanzas = "" if suite in _ONE_LINE_SUITES else mirror.stanzas(suite, updates=updates)
    tag = tag_of(f"bare-{suite}", *arguments, stanzas)
    with _made_once(tag) as missing:
        if missing:
            with _timed(f"{tag}: mmdebstrap {suite}", say):
                _import_base(tag, arguments, stanzas)
    return tag


def tag_of(name: str, *ingredients: str) -> str:
    """Return a tag for image `name` that no other ingredients, and no other week, have."""
    week = time.strftime("%G-W%V", time.gmtime())
    text = "\0".join((week, *ingredients))
    return f"xprov-test/{name}:{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _bootstrap(suite: str, lines: tuple[str, ...]) -> list[str]:
    excluded = [f"--dpkgopt=path-exclude={pattern}" for pattern in _LEFT_OUT]
    return ["mmdebstrap", "--quiet", "--variant=minbase", *excluded, suite, "-", *lines]


def _import_base(tag: str, arguments: list[str], stanzas: str) -> None:
    with tempfile.TemporaryDirectory() as folder, engine() as client:
        sources, root = Path(folder, "debian.sources"), Path(folder, "root.tar")
        sources.write_text(stanzas)
        sources.chmod(0o644)
        hooks = _deb822_hooks(sources) if stanzas else []
        with root.open("wb") as tar:
            subprocess.run([arguments[0], *hooks, *arguments[1:]], check=True, stdout=tar, stdin=subprocess.DEVNULL)
        repository, _, version = tag.partition(":")
        changes = ['CMD ["bash"]', f"LABEL {LABEL}="]
        client.api.import_image_from_file(str(root), repository=repository, tag=version, changes=changes)


def _deb822_hooks(sources: Path) -> list[str]:
    place = "/etc/apt/sources.list.d/debian.sources"
    return [f"--customize-hook=upload {sources} {place}", '--customize-hook=rm "$1/etc/apt/sources.list"']


@contextmanager
def _made_once(tag: str) -> Iterator[bool]:
    """Say whether image `tag` has to be made, while no other process makes it."""
    lock = cache_folder() / f"{tag.replace('/', '-').replace(':', '-')}.lock"
    with lock.open("w") as handle, engine() as client:
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            client.images.get(tag)
        except ImageNotFound:
            yield True
        else:
            yield False


@contextmanager
def _timed(what: str, say: Say) -> Iterator[None]:
    say(f"{what} ...")
    begun = time.monotonic()
    yield
    say(f"{what}: {time.monotonic() - begun:.0f} s")


def main() -> None:
    """Make every image."""
    for suite in BARE_SUITES:
        bare_image(suite)


if __name__ == "__main__":
    main()
