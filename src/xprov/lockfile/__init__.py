"""`xprov.lock`: the packages that a project's libraries are made of, exactly.

It says what the packages are and where they lie below an archive, never on which host: mirrors are each machine's own.

file = find_lock(Path.cwd())
lock = read_lock(file)
update_lock(file, [lock_of(plan)])
"""

from xprov.lockfile.model import FORM, NAME, Lock, LockedTarget
from xprov.lockfile.place import find_lock
from xprov.lockfile.reading import known_lock, read_lock
from xprov.lockfile.writing import render_lock, update_lock

__all__ = ["FORM", "NAME", "Lock", "LockedTarget", "find_lock", "known_lock", "read_lock", "render_lock", "update_lock"]
