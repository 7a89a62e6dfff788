"""The container engine, Docker's or Podman's: the only door to the package `docker`."""

from xprov.engine.building import is_reference
from xprov.engine.connection import connect
from xprov.engine.containers import Box, Mount, Spec
from xprov.engine.engine import Engine
from xprov.engine.images import Image
from xprov.engine.streams import run_attached, terminal_size

__all__ = ["Box", "Engine", "Image", "Mount", "Spec", "connect", "is_reference", "run_attached", "terminal_size"]
