"""The command line: parse, call, print. Nothing is decided here."""


def main() -> None:
    """Run `xprov` with the words typed."""
