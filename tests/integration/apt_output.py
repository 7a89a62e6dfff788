"""What apt says, as a person reads it."""

# Two spaces stand between the two in what apt prints. The number alone is also a part of a port, a size or a version.
NOT_FOUND = "404  Not Found"
_WORDS = ("W:", "E:", "N:", "Err:", "Ign:", "Warning:", "Error:", "Notice:")


def complaints(said: str) -> list[str]:
    """Return the lines in which apt warns, fails, ignores or skips."""
    return [line for line in said.splitlines() if line.startswith(_WORDS) or NOT_FOUND in line]
