"""A change to one file, as data: what it held, what it will hold."""

import difflib
from pathlib import Path

from xprov.records import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class FileChange:
    """The content of `path` before and after; None where there is no file."""

    path: Path
    before: bytes | None
    after: bytes | None

    def diff(self) -> str:
        """Return the change as a unified diff; bytes that are not UTF-8 show as escapes."""
        lines = difflib.unified_diff(
            _lines(self.before),
            _lines(self.after),
            "/dev/null" if self.before is None else str(self.path),
            "/dev/null" if self.after is None else str(self.path),
        )
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(content: bytes | None) -> list[str]:
    # Only a line feed ends a line here: str.splitlines would also split at a form feed inside a comment.
    text = (content or b"").decode("utf-8", "backslashreplace").replace("\r", "\\r")
    lines = [f"{line}\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]
