"""What pip installs in a job to have xprov there."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any

from xprov import __version__
from xprov.errors import UsageError
from xprov.records import dataclass

# What would end the double quotes that it stands in, or be obeyed within them.
_OBEYED = frozenset('"$`\\\n')


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirement:
    """What pip takes, and why that may be another xprov than this one, None where it is this one."""

    text: str
    doubt: str | None = None


def named_requirement(text: str) -> Requirement:
    """Return what `--xprov` names. Raises `UsageError` where it cannot stand in a script as it is."""
    if not text.strip() or _OBEYED & set(text):
        raise UsageError(f"`{text}` cannot be given to pip in a script", hint="write it like `xprov==1.2` or `./xprov`")
    return Requirement(text=text)


def own_requirement() -> Requirement:
    """Return what installs the xprov that runs, as far as another machine can have it."""
    return requirement_of(_origin(), __version__)


def requirement_of(origin: dict[str, Any], version: str) -> Requirement:
    """Return what installs `version`, which came from `origin`: the content of PEP 610's direct_url.json."""
    url, vcs = str(origin.get("url", "")), origin.get("vcs_info", {})
    if vcs:
        return named_requirement(f"xprov @ {vcs['vcs']}+{url}@{vcs['commit_id']}")
    if url.startswith("https://"):
        return named_requirement(f"xprov @ {url}")
    released = f"xprov=={version}"
    if not url:
        return Requirement(text=released)
    return Requirement(text=released, doubt=f"this xprov was installed from `{url}`, and jobs install `{released}`")


def _origin() -> dict[str, Any]:
    """Return where this xprov was installed from; from an index, nothing is said."""
    try:
        text = distribution("xprov").read_text("direct_url.json")
    except PackageNotFoundError:
        return {}
    content = json.loads(text) if text else {}
    return content if isinstance(content, dict) else {}
