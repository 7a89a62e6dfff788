"""Wheels: what is in one, whether it is what its tags promise, and the proof by the target's own Python.

`names` and `policies` say what is promised, `contents` and `sdist` read, `bundle` knows how the ELF files hang
together; the modules that are named after what they check are pure, `examine` calls them in turn. `findings.toml` has
every kind of finding.
"""
