"""Have xprov itself provision in the container, as the before-script of a release job does."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import distribution
from pathlib import Path
from shlex import join, quote
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from xprov import __version__
from xprov.containers.tools import COMPLETE, FIND_PYTHON, Tools, kept
from xprov.engine import Mount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xprov.cache import Cache
    from xprov.engine import Image


def provision_inside(image: Image, words: Sequence[str], cache: Cache) -> Tools:
    """Return what installs this xprov in a container of `image`, once, and runs `xprov setup` with `words` there.

    What it fetches is in `cache`, and what it sets up is gone with the container.
    """
    own = _own_source()
    wanted = str(own) if own else f"xprov=={__version__}"
    folder = cache.path / "tools" / hashlib.sha256(f"{image.id}\0{wanted}".encode()).hexdigest()[:16]
    mounts = [kept(cache.path), kept(folder)]
    if own is not None:
        mounts.append(Mount(source=own, place=str(own), read_only=True))
    return Tools(script=_script(folder, wanted, words, cache, always=own is not None), mounts=tuple(mounts))


def _own_source() -> Path | None:
    """Return the checkout or wheel that this xprov was installed from (PEP 610), None where that was an index."""
    told = distribution("xprov").read_text("direct_url.json")
    url = urlsplit(str(json.loads(told).get("url", "")) if told else "")
    path = Path(unquote(url.path))
    return path if url.scheme == "file" and path.exists() else None


def _script(folder: Path, wanted: str, words: Sequence[str], cache: Cache, *, always: bool) -> str:
    # What is installed from a checkout may have changed since.
    renew = f'"$tool/python/bin/pip" install -q --force-reinstall --no-deps {quote(wanted)} || exit' if always else ":"
    return f"""\
tool={quote(str(folder))}
if [ -f "$tool/{COMPLETE}" ]; then
    {renew}
else
    {FIND_PYTHON.format(minor=10)}
    if [ -z "$python" ]; then
        echo "xprov: the image has no Python 3.10 or newer, which xprov needs: leave --inside out" >&2
        exit 6
    fi
    {{ "$python" -m venv --clear "$tool/python" &&
        "$tool/python/bin/pip" install -q {quote(wanted)} && : >"$tool/{COMPLETE}"; }} || exit
fi
XPROV_CACHE_DIR={quote(str(cache.path))} "$tool/python/bin/xprov" {join(words)} || exit
. "${{XPROV_HOME:-$HOME/.xprov}}/env"
"""
