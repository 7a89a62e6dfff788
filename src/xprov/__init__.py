"""xprov makes the C libraries of one machine available to a compiler on another."""

__version__ = "0.1.0"
