"""The configuration file that PyO3 and maturin read (PYO3_CONFIG_FILE): what is in it, and how it is written."""

from __future__ import annotations

import hashlib

from xprov.records import dataclass

FREE_THREADED = "Py_GIL_DISABLED"
FLAGS = ("Py_DEBUG", "Py_REF_DEBUG", "Py_TRACE_REFS", FREE_THREADED, "COUNT_ALLOCS")
"""The build flags that PyO3 asks an interpreter for, in its order (pyo3-build-config, `BuildFlags::ALL`)."""

# How many digits of the content's SHA-256 stand in a name: enough for the handful of interpreters of one machine.
_DIGITS = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class InterpreterConfig:
    """What PyO3 and maturin have to know about an interpreter; a name is a key of the file.

    Source: pyo3-build-config 0.18 to 0.29 (`InterpreterConfig::from_reader`) and, for `ext_suffix` and `abiflags`,
    maturin 1.16 (`InterpreterConfig::from_pyo3_config`); PyO3 passes over these two. `pointer_width` is in bits.
    """

    implementation: str
    version: tuple[int, int]
    shared: bool
    ext_suffix: str
    abiflags: str
    lib_name: str | None = None
    lib_dir: str | None = None
    executable: str | None = None
    pointer_width: int | None = None
    build_flags: tuple[str, ...] = ()
    python_framework_prefix: str | None = None
    suppress_build_script_link_lines: bool = False
    extra_build_script_lines: tuple[str, ...] = ()

    @property
    def tag(self) -> str:
        """The ABI's name as extension modules have it in theirs: `cpython-313t-x86_64-linux-gnu`."""
        return self.ext_suffix.removesuffix(".so").removesuffix(".pyd").strip(".").replace("/", "-")


def render(config: InterpreterConfig) -> str:
    """Return the file. Both readers refuse a line that is not `key=value`: no comment and no empty line.

    `abi3` and `target_abi` are left out, though PyO3 prints them: they are what a crate's features make of the
    interpreter, PyO3 adds them to the file by itself (`apply_build_env`), and crates with and without abi3 share it.
    PyO3 0.29 has `target_abi`, versions before it know only `abi3`, and each warns of the other's.
    """
    keys: list[tuple[str, str | int | None]] = [
        ("implementation", config.implementation),
        ("version", "{}.{}".format(*config.version)),
        ("shared", _word(config.shared)),
        ("lib_name", config.lib_name),
        ("lib_dir", config.lib_dir),
        ("executable", config.executable),
        ("pointer_width", config.pointer_width),
        ("build_flags", ",".join(sort_flags(config.build_flags))),
        # Of macOS alone, and unknown to PyO3 before 0.23.
        ("python_framework_prefix", config.python_framework_prefix),
        ("suppress_build_script_link_lines", "true" if config.suppress_build_script_link_lines else None),
        *(("extra_build_script_line", line) for line in config.extra_build_script_lines),
        ("ext_suffix", config.ext_suffix),
        ("abiflags", config.abiflags),
    ]
    return "".join(f"{key}={value}\n" for key, value in keys if value is not None)


def file_name(config: InterpreterConfig) -> str:
    """Return the name of the file: another one for each content, since cargo watches the name (PYO3_CONFIG_FILE)."""
    digest = hashlib.sha256(render(config).encode()).hexdigest()
    return f"{config.tag}-{digest[:_DIGITS]}.txt"


def read_keys(text: str) -> dict[str, list[str]]:
    """Return the values of each key in `text`, a configuration. Raises `ValueError` for a line that is not of one."""
    keys: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if not equals:
            raise ValueError(f"`{line}` is no `key=value`")
        keys.setdefault(key, []).append(value)
    return keys


def sort_flags(flags: tuple[str, ...]) -> tuple[str, ...]:
    """Return `flags` in PyO3's order. PyO3 prints them from a hash set: in another order each time."""
    known = {flag: at for at, flag in enumerate(FLAGS)}
    return tuple(sorted(set(flags), key=lambda flag: (known.get(flag, len(known)), flag)))


def _word(value: bool) -> str:  # noqa: FBT001 - the value is what is written
    return "true" if value else "false"
