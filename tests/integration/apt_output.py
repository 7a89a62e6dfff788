"""What apt says, as a person reads it."""

# apt prints two spaces between a status and the server's words for it. The number alone is also a part of a port.
NOT_FOUND = " 404  "
_WORDS = ("W:", "E:", "N:", "Err:", "Ign:", "Warning:", "Error:", "Notice:")


def complaints(said: str) -> list[str]:
    """Return the lines in which apt warns, fails, ignores or skips."""
    return [line for line in said.splitlines() if line.startswith(_WORDS) or NOT_FOUND in line]
