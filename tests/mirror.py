"""The Debian archive that this machine's own apt is configured with; no address of one stands in this repository."""

import subprocess
from dataclasses import dataclass


class MirrorError(LookupError):
    """The apt of this machine reads no Debian archive."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mirror:
    """Addresses of a Debian archive and, where this machine reads one, of its security archive.

    Below, `updates` is whether the suite comes with its `-updates` and `-security`.
    """

    archive: str
    security: str | None

    def lines(self, suite: str, *, updates: bool) -> tuple[str, ...]:
        """Return the entries of a sources.list for `suite`, in the form of Debian's own container images."""
        places = self._places(suite, updates=updates)
        return tuple(f"deb {uri} {name} main" for uri, suites in places for name in suites.split())

    def stanzas(self, suite: str, *, updates: bool) -> str:
        """Return the text of a debian.sources for `suite`, in the form of Debian's own container images."""
        return "\n".join(
            f"Types: deb\nURIs: {uri}\nSuites: {suites}\nComponents: main\n"
            "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
            for uri, suites in self._places(suite, updates=updates)
        )

    def _places(self, suite: str, *, updates: bool) -> list[tuple[str, str]]:
        if not updates:
            return [(self.archive, suite)]
        security = [(self.security, f"{suite}-security")] if self.security else []
        return [(self.archive, f"{suite} {suite}-updates"), *security]


def find_mirror() -> Mirror:
    """Ask apt. Raises `MirrorError` on a machine whose apt reads no Debian archive."""
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)", "Created-By: Packages"],
        check=True,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    pairs = (line.split(" ", 1) for line in listed.stdout.splitlines() if " " in line)
    places: dict[str, str] = {}
    for label, uri in pairs:
        places.setdefault(label, uri.rstrip("/"))
    if "Debian" not in places:
        raise MirrorError("this machine's apt reads no Debian archive (`apt-get update` may not have run yet)")
    return Mirror(archive=places["Debian"], security=places.get("Debian-Security"))
