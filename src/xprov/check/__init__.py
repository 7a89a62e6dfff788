"""Prove that a library is there for the target: modules, header, symbols, a program linked, the floor."""

from xprov.check.libraries import Libraries, read_libraries
from xprov.check.link import Compiler
from xprov.check.messages import describe, floor_warnings, time64_warning
from xprov.check.model import Expectation, LibraryCheck, Linked, LinkResult, Module, Report
from xprov.check.run import PkgConfig, check_libraries, pkg_config_program

__all__ = [
    "Compiler",
    "Expectation",
    "Libraries",
    "LibraryCheck",
    "LinkResult",
    "Linked",
    "Module",
    "PkgConfig",
    "Report",
    "check_libraries",
    "describe",
    "floor_warnings",
    "pkg_config_program",
    "read_libraries",
    "time64_warning",
]
