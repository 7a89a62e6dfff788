"""`python -m xprov`, the same as the `xprov` program."""

from xprov.cli import main

if __name__ == "__main__":
    main()
