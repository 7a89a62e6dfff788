"""Method `sysroot`: packages are fetched, verified and unpacked into the cache. No root, no apt, nothing installed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from xprov.archive.fetch import Download, fetch
from xprov.archive.reached import archive_client
from xprov.archive.snapshots import snapshot_urls
from xprov.archive.tree import Deb, find_tree, unpack, working_folder
from xprov.errors import NetworkError, SidePartError
from xprov.methods import Arrival
from xprov.net.shown import shown
from xprov.output import count
from xprov.provision import ProvisionedPackage

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from pathlib import Path

    from xprov.archive.resolution import ResolvedPackage
    from xprov.cache import Cache
    from xprov.output import Output
    from xprov.plan import Plan
    from xprov.view import PackageTree

_SUFFIX = ".deb"
# Unpacking is half decompression, which other threads go on beside.
_UNPACKERS = 2


def carry_out(plan: Plan, cache: Cache, output: Output) -> Arrival:
    """Fetch and unpack what the plan resolved to, as far as the cache has it not, and return where it is.

    Raises `NetworkError` when a package cannot be fetched, or, offline, is not in the cache (`SidePartError` where the
    suite may do without); `VerificationError` when one is not what the index says.
    """
    resolution = plan.resolution
    assert resolution is not None  # noqa: S101 - the planner gives every plan of this method its packages
    trees = _Trees(plan=plan, cache=cache)
    trees.find(resolution.packages)
    if trees.missing:
        if plan.access.offline:
            _require_debs(trees.missing, cache)
        with output.step(f"Fetching {count(len(trees.missing), 'package')}") as progress:
            _fetch(trees, plan, progress)
    else:
        output.detail(f"In the cache: {count(len(resolution.packages), 'package')}")
    return Arrival(
        packages=tuple(_provisioned(package) for package in resolution.packages),
        trees=tuple(trees.found[package.sha256] for package in resolution.packages),
    )


def _fetch(trees: _Trees, plan: Plan, progress: Callable[[str], None]) -> None:
    """Fetch and unpack. Where something of a suite's updates may be to blame, raise `SidePartError` that names it."""
    try:
        trees.fetch(progress)
    except NetworkError as error:
        parts = dict.fromkeys(package.part for package in trees.missing if package.sha256 not in trees.found)
        side = tuple(part for part in parts if plan.route.suite and part != plan.route.suite.codename)
        if not side:
            raise
        raise SidePartError(error.message, parts=side, hint=error.hint) from error


class _Trees:
    """The unpacked packages, by SHA-256, and those that are still missing."""

    def __init__(self, *, plan: Plan, cache: Cache) -> None:
        self._plan, self._cache = plan, cache
        self.found: dict[str, PackageTree] = {}
        self.missing: list[ResolvedPackage] = []

    def find(self, packages: tuple[ResolvedPackage, ...]) -> None:
        for package in packages:
            tree = find_tree(
                package.name, package.sha256, self._cache.trees, self._plan.target, keep_all=self._plan.keep_all
            )
            if tree is None:
                self.missing.append(package)
            else:
                self._cache.touch(tree.root)
                self.found[package.sha256] = tree

    def fetch(self, progress: Callable[[str], None]) -> None:
        """Fetch what is missing, and unpack each package while others are on their way."""
        named = {package.sha256: package for package in self.missing}
        # The large ones first: one that comes last is unpacked when nothing else is left to do beside it.
        ordered = sorted(self.missing, key=lambda package: package.size, reverse=True)
        pending: list[Future[PackageTree]] = []

        def arrived(download: Download, path: Path) -> None:
            try:
                pending.append(pool.submit(self._unpack, named[download.sha256], path, staging))
            except RuntimeError:
                # No thread can be had. Should the pool get one after all, it finds the tree there.
                self._unpack(named[download.sha256], path, staging)

        with working_folder(self._cache.trees) as staging, ThreadPoolExecutor(_UNPACKERS) as pool:
            try:
                fetch(
                    [self._download(package) for package in ordered],
                    self._cache.debs,
                    suffix=_SUFFIX,
                    client=archive_client(offline=self._plan.access.offline),
                    arrived=arrived,
                    progress=progress,
                )
                for future in pending:
                    future.result()
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def _download(self, package: ResolvedPackage) -> Download:
        resolution = self._plan.resolution
        assert resolution is not None  # noqa: S101 - see carry_out
        return Download(
            urls=(*package.urls, *snapshot_urls(package, resolution, self._plan.access)),
            sha256=package.sha256,
            size=package.size,
            name=package.described,
        )

    def _unpack(self, package: ResolvedPackage, path: Path, staging: Path) -> PackageTree:
        deb = Deb(package=package.name, sha256=package.sha256, path=path)
        tree = unpack(deb, self._cache.trees, self._plan.target, keep_all=self._plan.keep_all, staging=staging)
        self.found[package.sha256] = tree
        return tree


def _require_debs(packages: list[ResolvedPackage], cache: Cache) -> None:
    absent = [package for package in packages if not (cache.debs / f"{package.sha256}{_SUFFIX}").is_file()]
    if absent:
        listed = "\n".join(f"  {package.described} {package.version}" for package in absent)
        raise NetworkError(
            f"offline, and {count(len(absent), 'package')} of {absent[0].part} are not in the cache:\n{listed}",
            hint="run the same once without --offline",
        )


def _provisioned(package: ResolvedPackage) -> ProvisionedPackage:
    return ProvisionedPackage(
        name=package.name,
        architecture=package.architecture,
        version=package.version,
        sha256=package.sha256,
        origin=shown(package.url),
    )
