"""The cache: what was fetched and unpacked, once for all targets, by its SHA-256.

`place` says where it is and keeps `prune` away from who uses it, `staging` makes folders appear whole. `usage` measures
and frees, which few do: what it has is not named here.
"""

from xprov.cache.place import Cache, open_cache
from xprov.cache.staging import staged, sweep
from xprov.cache.trouble import VARIABLE, explained

__all__ = [
    "VARIABLE",
    "Cache",
    "explained",
    "open_cache",
    "staged",
    "sweep",
]
