"""Locks for tests, as plain data."""

from xprov.archive.resolution import ResolvedPackage
from xprov.archive.suites import find_suite
from xprov.environment.model import View
from xprov.lockfile import Lock, LockedTarget
from xprov.target import find_target

SHA256 = "2b18bdd309f0f127c2ab4829028c7ad89ac27bb3bf42cfc118a5701225131528"


def make_package(
    name: str, version: str = "1.2.4-1", *, part: str = "bullseye", sha256: str = SHA256
) -> ResolvedPackage:
    """Return a package of bullseye's armhf."""
    return ResolvedPackage(
        name=name,
        architecture="armhf",
        version=version,
        sha256=sha256,
        size=310300,
        path=f"pool/main/a/alsa-lib/{name}_{version}_armhf.deb",
        part=part,
        bases=(),
    )


def make_locked(target: str = "armhf", *packages: ResolvedPackage) -> LockedTarget:
    """Return what is locked for a target: alsa of bullseye."""
    suite = find_suite("debian", "bullseye")
    assert suite is not None
    return LockedTarget(
        target=find_target(target),
        libraries=("alsa",),
        suite=suite,
        glibc=(2, 31),
        view=View.LIBS,
        asked=("libasound2-dev",),
        released={"bullseye": "2025-08-09T09:16:30Z", "bullseye-security": "2025-09-01T00:00:00Z"},
        packages=packages or (make_package("libasound2"), make_package("libasound2-dev")),
    )


def make_lock(*targets: LockedTarget) -> Lock:
    """Return a lock, of armhf unless targets are given."""
    return Lock(targets={}).with_targets(targets or [make_locked()])
