"""Names in an archive: which of them lead out of it, where they are installed; and paths of the machine that built."""

from __future__ import annotations

import posixpath
import re

# Folders that are those of a person, of a build job or of the images of manylinux, as compilers write them into
# panics, assertions and debug information.
_BUILD_PATH = re.compile(
    rb"(?<![\w.+@~/-])/(?:root|home/[\w.+-]+|Users/[\w.+-]+|github/workspace|__w|io|builds|tmp/(?:pip|maturin|build|cibw)[\w.-]*)"
    rb"/[\w.+@~/-]{0,200}[\w.+@~-]"
)
# A path that lies on the border of two chunks is found by this much of the one before. In bytes.
_OVERLAP = 512

# Below `<name>.data/`: what is installed where other modules are (binary distribution format, "The .data directory").
_LIBRARIES = re.compile(r"[^/]+\.data/(?:purelib|platlib)/")


class BuildPaths:
    """Looks for the first path of a build machine in a file that comes in chunks."""

    def __init__(self) -> None:
        self._rest = b""
        self.first: str | None = None

    def feed(self, chunk: bytes) -> None:
        """Look into the next chunk."""
        if self.first is not None:
            return
        text = self._rest + chunk
        if match := _BUILD_PATH.search(text):
            self.first = match[0].decode("ascii")
        self._rest = text[-_OVERLAP:]


def unsafe(name: str) -> str | None:
    """Return why `name` may not be unpacked as it is, in words that follow "the name"; None where it may."""
    if not name:
        return "is empty"
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        return "is absolute"
    if ".." in name.split("/"):
        return "leads out of the folder"
    if "\\" in name:
        return "has a backslash, which is a folder on Windows"
    if not name.isprintable():
        return "has characters that cannot be printed"
    return None


def installed(name: str) -> str:
    """Return where a member is when it is installed, relative to the folder of modules."""
    return _LIBRARIES.sub("", name, count=1)


def joined(folder: str, path: str) -> str:
    """Return `path` relative to `folder`, without dots; one that leads out of the archive begins with `..`."""
    return posixpath.normpath(posixpath.join(folder, path))
