"""Which of Alpine's repositories are in use, and which have more. Source: apk-repositories(5)."""

import re
from pathlib import Path

FILE = Path("/etc/apk/repositories")

_MAIN = re.compile(r"^\s*(?!#)(?:@\S+\s+)?(\S+)/main/?\s*$", re.MULTILINE)
_COMMUNITY = re.compile(r"^\s*(?!#)(?:@\S+\s+)?\S+/community/?\s*$", re.MULTILINE)


def read_repositories(file: Path = FILE) -> str:
    """Return what `file` says, nothing where it is not there."""
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""


def repository_hint(repositories: str) -> str:
    """Return where a library may be that `repositories` (the file's text) lack, or how to look for it."""
    main = _MAIN.search(repositories)
    if main is None or _COMMUNITY.search(repositories):
        return "`apk search` looks for it by another name"
    return f"Alpine's community repository may have it: `echo {main[1]}/community >> {FILE}`"
