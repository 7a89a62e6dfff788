"""Say what the system refuses in the cache: it may be another user's, full, or read-only."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from xprov.errors import XprovError

VARIABLE = "XPROV_CACHE_DIR"

_FULL = {errno.ENOSPC, errno.EDQUOT}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ELOOP}


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what the system says about rights and space below `path`, a folder of the cache, into an `XprovError`."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise XprovError(
                f"no space is left for the cache in `{path}`",
                hint=f"`xprov cache prune` frees some, or name a folder on another disk in {VARIABLE}",
            ) from error
        if error.errno in _REFUSED:
            place = Path(os.fsdecode(error.filename)) if isinstance(error.filename, (str, bytes)) else path
            raise XprovError(
                f"the cache cannot be used: `{place}`: {error.strerror}{_owner(place)}",
                hint=f"name a folder that you can write to in {VARIABLE}",
            ) from error
        raise


def _owner(place: Path) -> str:
    """Return whose `place`, or what there is of it, is when it is another user's: a container's root, mostly."""
    for path in (place, *place.parents):
        with contextlib.suppress(OSError):
            owner = path.stat().st_uid
            mine = os.geteuid()
            return "" if owner == mine else f" (`{path}` is of user {owner}, this is user {mine})"
    return ""
