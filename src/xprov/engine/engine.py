"""An engine that answers."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from xprov.engine.building import build_image
from xprov.engine.containers import Box, Spec, make_box
from xprov.engine.failures import explained
from xprov.engine.images import Image, find_image, pull_image

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from docker import DockerClient


class Engine:
    """Docker, or Podman behind its socket. `architecture` is OCI's name of the machine that it runs on."""

    def __init__(self, client: DockerClient) -> None:
        self.client = client

    @property
    def architecture(self) -> str:
        with explained("asking the container engine what it is"):
            return str(self.client.version()["Arch"])

    def image(self, reference: str) -> Image | None:
        """Return the image that is here by that name, or None."""
        return find_image(self.client, reference)

    def pull(self, reference: str, progress: Callable[[str], None]) -> None:
        """Bring an image from its registry. Raises `NetworkError` when it cannot be had."""
        pull_image(self.client, reference, progress)

    def build(self, context: IO[bytes], tag: str, labels: Mapping[str, str], progress: Callable[[str], None]) -> None:
        """Build an image and call it `tag`; what fails or is interrupted leaves no container, and the tag as it was."""
        build_image(self.client, context, tag, labels, progress)

    def box(self, spec: Spec) -> Box:
        """Return a new container."""
        return make_box(self.client, spec)

    def labelled(self, label: str) -> dict[Box, Mapping[str, str]]:
        """Return the containers, running or not, that have a label, with all their labels."""
        with explained("listing containers"):
            found = self.client.api.containers(all=True, filters={"label": label})
        return {Box(self.client, str(one["Id"])): dict(one.get("Labels") or {}) for one in found}
