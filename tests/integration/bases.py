"""Base images: a bare Debian suite, made by mmdebstrap and imported, because there is no registry to pull from."""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.integration.containers import LABEL, engine
from tests.mirror import find_mirror

SUITES = ("bullseye", "bookworm", "trixie")

# bullseye's own images still have a sources.list; from bookworm on it is a debian.sources.
_ONE_LINE_SUITES = ("bullseye",)

# As in Debian's `-slim` images: quicker, and dpkg lists files there that are not on disk, as it does for many users.
_LEFT_OUT = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*")

# What the official images tell apt: keep no packages and no caches of indices, fetch no translations.
_APT_SETTINGS = """\
Acquire::GzipIndexes "true";
Acquire::Languages "none";
APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Base:
    """What a base image is made from: the suite, the entries of its sources, and files of /etc/apt by name."""

    suite: str
    lines: tuple[str, ...]
    files: tuple[tuple[str, str], ...]

    @property
    def ingredients(self) -> tuple[str, ...]:
        """All that decides what is in the image, this module's own text included."""
        return (self.suite, *self.lines, repr(self.files), Path(__file__).read_text())


def describe_base(suite: str, *, updates: bool) -> Base:
    """Return what makes an image of `suite`, with its `-updates` and `-security` where `updates` says so."""
    mirror = find_mirror()
    files = [("apt.conf.d/docker", _APT_SETTINGS)]
    if suite not in _ONE_LINE_SUITES:
        files.append(("sources.list.d/debian.sources", mirror.stanzas(suite, updates=updates)))
    return Base(suite=suite, lines=mirror.lines(suite, updates=updates), files=tuple(files))


def import_base(tag: str, base: Base) -> None:
    """Make the image and give it its tag."""
    with tempfile.TemporaryDirectory() as folder, engine() as client:
        root = Path(folder, "root.tar")
        hooks = [hook for name, text in base.files for hook in _upload_hooks(Path(folder), name, text)]
        # The caches of the bootstrap itself, which an apt with these settings no longer sees as its own.
        hooks.append('--customize-hook=rm -f "$1"/var/cache/apt/*.bin')
        excluded = [f"--dpkgopt=path-exclude={pattern}" for pattern in _LEFT_OUT]
        options = ["--quiet", "--variant=minbase", *excluded, *hooks]
        bootstrap(base.suite, str(root), options, lines=base.lines)
        repository, _, version = tag.partition(":")
        changes = ['CMD ["bash"]', f"LABEL {LABEL}="]
        client.api.import_image_from_file(str(root), repository=repository, tag=version, changes=changes)


def bootstrap(suite: str, place: str, options: list[str], *, lines: tuple[str, ...]) -> None:
    """Let mmdebstrap make `suite` at `place`, a folder or a `.tar`, from the sources in `lines`."""
    subprocess.run(["mmdebstrap", *options, suite, place, *lines], check=True, stdin=subprocess.DEVNULL)


def _upload_hooks(folder: Path, name: str, text: str) -> list[str]:
    source = folder / Path(name).name
    source.write_text(text)
    source.chmod(0o644)
    upload = f"--customize-hook=upload {source} /etc/apt/{name}"
    # A debian.sources stands for the sources.list that mmdebstrap writes.
    return [upload, '--customize-hook=rm "$1/etc/apt/sources.list"'] if name.endswith(".sources") else [upload]
