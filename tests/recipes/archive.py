"""Debian's archive through the eyes of a private apt: what would be installed, and what is in it."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.in_step import source_of

CONFIGURATION = """\
Dir::State "{folder}";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
Dir::Etc::SourceList "{folder}/sources.list";
Dir::Etc::SourceParts "{folder}/none";
Dir::Etc::PreferencesParts "{folder}/none";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
Acquire::Retries "3";
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::CompressionTypes::Order {{ "gz"; }};
"""

# Images for containers switch apt's own cache off, in files that are read after the configuration above.
CACHED = ("-o", "Dir::Cache::pkgcache=pkgcache.bin", "-o", "Dir::Cache::srcpkgcache=srcpkgcache.bin")


@dataclass(frozen=True, kw_only=True, slots=True)
class Apt:
    """An apt for one suite and architecture, with nothing installed. It changes nothing outside `folder`."""

    folder: Path
    suite: str
    architecture: str

    def update(self) -> None:
        """Fetch the index of the suite."""
        for name in ("lists/partial", "cache/archives/partial", "none"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "status").touch()
        line = source_of(self.suite, self.architecture).line
        (self.folder / "sources.list").write_text(line.replace("[", "[target=Packages ", 1) + "\n")
        text = CONFIGURATION.format(folder=self.folder, architecture=self.architecture)
        (self.folder / "apt.conf").write_text(text)
        self._run("apt-get", "update", "--error-on=any", "-qq")

    def closure(self, *packages: str) -> tuple[str, ...]:
        """Return `packages` and all that they depend on, as apt would install them."""
        written = self._run("apt-get", "install", "--simulate", "-y", *packages)
        return tuple(re.findall(r"^Inst (\S+)", written, flags=re.MULTILINE))

    def sources(self, packages: tuple[str, ...]) -> dict[str, str]:
        """Return the source package that each of `packages` was built from."""
        written = self._run("apt-cache", "show", "--no-all-versions", *packages)
        found: dict[str, str] = {}
        for stanza in written.split("\n\n"):
            fields: dict[str, str] = dict(re.findall(r"(?m)^(Package|Source): (\S+)", stanza))
            if fields:
                found[fields["Package"]] = fields.get("Source", fields["Package"])
        return found

    def unpack(self, packages: tuple[str, ...], root: Path) -> None:
        """Fetch `packages` and unpack them into `root`."""
        fetched = root.with_name(f"{root.name}-debs")
        for folder in (root, fetched):
            folder.mkdir(parents=True)
        self.download(packages, fetched)
        for file in sorted(fetched.glob("*.deb")):
            subprocess.run(["dpkg-deb", "-x", file, root], check=True)

    def download(self, packages: tuple[str, ...], folder: Path) -> None:
        """Fetch the files of `packages` into `folder`."""
        self._run("apt-get", "download", "-qq", *packages, folder=folder)

    def _run(self, program: str, *words: str, folder: Path | None = None) -> str:
        done = subprocess.run(
            [program, *CACHED, *words],
            env={"APT_CONFIG": str(self.folder / "apt.conf"), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"},
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{program} {' '.join(words)}\n{done.stdout}\n{done.stderr}"
        return done.stdout
