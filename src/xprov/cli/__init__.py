"""The command line: parse, call, print. Nothing is decided here.

Each command is a module of this package with one public function, `register(app)`, and one line in
`xprov.cli.app.COMMANDS`. A module is imported when its command is asked for, so it may import what it needs at
its top. Commands return nothing: they raise `XprovError`, which becomes a message and an exit code in `program`.

No code stands here: importing the command `list` puts that name into this module, in place of Python's own.
"""

from xprov.cli.program import main, run

__all__ = ["main", "run"]
