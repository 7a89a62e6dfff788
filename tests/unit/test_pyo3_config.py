"""The configuration that PyO3 and maturin read: what it says, what it is called, and when none may be set."""

from dataclasses import replace
from pathlib import Path

import pytest

from xprov.errors import ToolMissingError, UnsatisfiableError, XprovError
from xprov.pyo3.cargo import UnaskedError, build_target, find_manifest, locked_pyo3, merge, printed_config
from xprov.pyo3.config import InterpreterConfig, file_name, read_keys, render
from xprov.pyo3.interpreter import Interpreter, config_of, find_python
from xprov.pyo3.obstacle import native_triples, obstacle_in, other_target
from xprov.pyo3.place import TIME_STAMP, folder_of, write_config
from xprov.pyo3.variables import chosen_by_user, variables_of
from xprov.store import Store

CPYTHON = Interpreter(
    implementation="CPython",
    version=(3, 13),
    release="3.13.5",
    executable="/build/env/bin/python",
    base="/opt/python/bin/python3.13",
    traced=True,
    ext_suffix=".cpython-313-x86_64-linux-gnu.so",
    abiflags="",
    multiarch="x86_64-linux-gnu",
    shared=True,
    framework=False,
    framework_prefix=None,
    conda=False,
    lib_version="3.13",
    lib_dir="/opt/python/lib",
    pointer_width=64,
    build_flags=(),
)
FREE_THREADED_DEBUG = replace(
    CPYTHON,
    ext_suffix=".cpython-313td-x86_64-linux-gnu.so",
    abiflags="td",
    shared=False,
    lib_version="3.13td",
    build_flags=("Py_GIL_DISABLED", "Py_DEBUG"),
)
PYPY = replace(
    CPYTHON,
    implementation="PyPy",
    version=(3, 9),
    ext_suffix=".pypy39-pp73-x86_64-linux-gnu.so",
    shared=False,
    lib_version="3.9",
)

# What cargo 1.95 wrote when it asked PyO3 0.26 with the feature `abi3-py39`, shortened.
CARGO_SAYS = """\
   Compiling pyo3-ffi v0.26.0
error: failed to run custom build command for `pyo3-ffi v0.26.0`

Caused by:
  process didn't exit successfully: `/project/target/xprov/debug/build/pyo3-ffi-0/build-script-build` (exit status: 101)
  --- stdout
  cargo:rerun-if-env-changed=PYO3_PRINT_CONFIG

  -- PYO3_PRINT_CONFIG=1 is set, printing configuration and halting compile --
  implementation=CPython
  version=3.9
  shared=true
  abi3=true
  lib_name=python3.13
  lib_dir=/opt/python/lib
  executable=/opt/python/bin/python3.13
  pointer_width=64
  build_flags=
  python_framework_prefix=
  suppress_build_script_link_lines=false

  note: unset the PYO3_PRINT_CONFIG environment variable and retry to compile with the above config
"""


def store_in(folder: Path) -> Store:
    return Store(path=folder)


def test_the_file_says_what_both_readers_need() -> None:
    assert render(config_of(CPYTHON)).splitlines() == [
        "implementation=CPython",
        "version=3.13",
        "shared=true",
        "lib_name=python3.13",
        "lib_dir=/opt/python/lib",
        "executable=/opt/python/bin/python3.13",
        "pointer_width=64",
        "build_flags=",
        "ext_suffix=.cpython-313-x86_64-linux-gnu.so",
        "abiflags=",
    ]


def test_a_free_threaded_debug_build_has_its_flags_in_one_order() -> None:
    keys = read_keys(render(config_of(FREE_THREADED_DEBUG)))

    assert keys["build_flags"] == ["Py_DEBUG,Py_REF_DEBUG,Py_GIL_DISABLED"]
    assert keys["abiflags"] == ["td"]
    assert keys["lib_name"] == ["python3.13td"]


def test_pypy_is_linked_as_a_shared_library_and_has_no_abi_flags() -> None:
    config = config_of(replace(PYPY, abiflags="x"))

    assert (config.shared, config.lib_name, config.abiflags) == (True, "pypy3.9-c", "")


def test_a_conda_python_is_linked_as_a_shared_library() -> None:
    assert config_of(replace(CPYTHON, shared=False, conda=True)).shared


def test_every_environment_of_an_interpreter_has_the_same_file() -> None:
    one, other = (replace(CPYTHON, executable=f"/tmp/{name}/bin/python") for name in ("one", "other"))  # noqa: S108

    assert file_name(config_of(one)) == file_name(config_of(other))


@pytest.mark.parametrize(
    "other",
    [
        replace(CPYTHON, base="/usr/bin/python3.13"),
        replace(CPYTHON, lib_dir="/usr/lib"),
        replace(CPYTHON, build_flags=("Py_DEBUG",)),
        FREE_THREADED_DEBUG,
    ],
)
def test_another_content_has_another_name(other: Interpreter) -> None:
    name = file_name(config_of(other))

    assert name != file_name(config_of(CPYTHON))
    assert name.startswith(other.ext_suffix[1:].removesuffix(".so"))


def test_what_pyo3_prints_for_an_abi3_crate_gives_the_file_that_every_crate_shares() -> None:
    printed = printed_config(CARGO_SAYS)

    assert printed is not None
    assert merge(printed, CPYTHON) == config_of(CPYTHON)


def test_the_keys_of_newer_versions_of_pyo3_are_passed_over() -> None:
    printed = render(config_of(CPYTHON)) + "target_abi=CPython-abi3-3.9\nsomething_new=1\n"

    assert merge(printed, CPYTHON) == config_of(CPYTHON)


def test_what_pyo3_itself_says_counts() -> None:
    printed = (
        "implementation=CPython\nversion=3.13\nshared=false\nlib_name=python3.13x\n"
        "build_flags=Py_REF_DEBUG,Py_DEBUG\npython_framework_prefix=None\n"
        "extra_build_script_line=a=b\nextra_build_script_line=c\n"
    )

    config = merge(printed, CPYTHON)

    assert (config.shared, config.lib_name, config.lib_dir) == (False, "python3.13x", None)
    assert config.build_flags == ("Py_DEBUG", "Py_REF_DEBUG")
    assert config.python_framework_prefix is None
    assert config.extra_build_script_lines == ("a=b", "c")


def test_what_is_no_configuration_is_not_taken_for_one() -> None:
    assert printed_config("error: could not compile `libc`\n") is None
    with pytest.raises(UnaskedError, match="no configuration"):
        merge("implementation=CPython\nhello\n", CPYTHON)


def test_a_pyo3_that_does_not_know_free_threaded_pythons_is_refused() -> None:
    # What PyO3 0.18 prints for 3.13td.
    printed = "implementation=CPython\nversion=3.13\nshared=false\nbuild_flags=Py_REF_DEBUG,Py_DEBUG\n"

    with pytest.raises(UnsatisfiableError, match="free-threaded"):
        merge(printed, FREE_THREADED_DEBUG)


def test_the_newest_pyo3_of_a_lock_is_asked() -> None:
    packages = [{"name": "pyo3-ffi", "version": version} for version in ("0.9.2", "0.26.0", "0.22.6")]

    assert locked_pyo3({"package": [*packages, {"name": "pyo3", "version": "0.99.0"}]}) == "0.26.0"
    assert locked_pyo3({"package": [{"name": "libc", "version": "0.2.1"}]}) is None
    assert locked_pyo3({}) is None


def test_the_manifest_is_the_one_that_maturin_builds(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "python/inner").mkdir(parents=True)
    (tmp_path / "rust").mkdir()
    (tmp_path / "rust/Cargo.toml").touch()
    (tmp_path / "pyproject.toml").write_text("[tool.maturin]\nmanifest-path = 'rust/Cargo.toml'\n")

    assert find_manifest(tmp_path / "python/inner") == tmp_path / "rust/Cargo.toml"


def test_cargos_configuration_is_read_as_cargo_does(tmp_path: Path) -> None:
    home, project = tmp_path / "home", tmp_path / "a/b"
    for folder, text in ((home, "target = 'x'"), (tmp_path / "a/.cargo", "target = ['y', 'z']")):
        folder.mkdir(parents=True)
        (folder / "config.toml").write_text(f"[build]\n{text}\n")
    project.mkdir()

    assert build_target(project, home) == ("y", str(tmp_path / "a/.cargo/config.toml"))
    assert build_target(tmp_path, home) == ("x", str(home / "config.toml"))
    assert build_target(tmp_path, tmp_path / "none") is None


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({}, None),
        ({"PYO3_CROSS": ""}, "PYO3_CROSS is set"),
        ({"PYO3_CROSS_LIB_DIR": "/x"}, "PYO3_CROSS_LIB_DIR is set"),
        ({"PYO3_CROSS_PYTHON_VERSION": "3.9"}, "PYO3_CROSS_PYTHON_VERSION is set"),
        ({"_PYTHON_SYSCONFIGDATA_NAME": "x"}, "_PYTHON_SYSCONFIGDATA_NAME is set"),
        ({"PYO3_CONFIG_FILE": "/x/config.txt"}, "PYO3_CONFIG_FILE is set already, to `/x/config.txt`"),
        ({"PYO3_CONFIG_FILE": ""}, "PYO3_CONFIG_FILE is set already"),
        ({"PYO3_CONFIG_FILE": "/home/pyo3/cpython.txt", "PYO3_PYTHON": "/usr/bin/python3"}, None),
    ],
)
def test_a_configuration_that_somebody_else_set_stays(environ: dict[str, str], says: str | None) -> None:
    obstacle = obstacle_in(environ, Path("/home/pyo3"))

    assert (says or "") in (obstacle or "")
    assert (obstacle is None) == (says is None)


@pytest.mark.parametrize(
    ("environ", "configured", "is_other"),
    [
        ({}, None, False),
        ({"CARGO_BUILD_TARGET": "x86_64-unknown-linux-gnu"}, None, False),
        ({"CARGO_BUILD_TARGET": "x86_64-unknown-linux-musl"}, None, True),
        ({"CARGO_BUILD_TARGET": "armv7-unknown-linux-gnueabihf"}, None, True),
        ({}, ("aarch64-unknown-linux-gnu", "config.toml"), True),
        ({"CARGO_BUILD_TARGET": "x86_64-unknown-linux-gnu"}, ("aarch64-unknown-linux-gnu", "config.toml"), False),
    ],
)
def test_cargos_target_decides_whether_it_is_a_cross_build(
    environ: dict[str, str], configured: tuple[str, str] | None, *, is_other: bool
) -> None:
    assert (other_target(environ, CPYTHON, configured) is not None) == is_other


@pytest.mark.parametrize(
    ("ext_suffix", "multiarch", "triple"),
    [
        (".cpython-311-arm-linux-gnueabihf.so", "", "armv7-unknown-linux-gnueabihf"),
        (".cpython-312-x86_64-linux-musl.so", "", "x86_64-unknown-linux-musl"),
        (".graalpy240-310-native-x86_64-linux.so", "x86_64-linux-gnu", "x86_64-unknown-linux-gnu"),
        (".so", "", None),
    ],
)
def test_an_interpreters_machine_is_read_from_what_it_calls_extension_modules(
    ext_suffix: str, multiarch: str, triple: str | None
) -> None:
    triples = native_triples(replace(CPYTHON, ext_suffix=ext_suffix, multiarch=multiarch))

    assert triples[:1] == ((triple,) if triple else ())


def test_an_interpreter_that_xprov_named_before_is_not_what_the_user_asks_for() -> None:
    ours = Path("/home/pyo3")
    before = {"PYO3_CONFIG_FILE": "/home/pyo3/a.txt", "PYO3_PYTHON": "/usr/bin/python3.11", "PATH": "/bin"}

    assert "PYO3_PYTHON" not in chosen_by_user(before, ours, "/usr/bin/python3.11")
    assert chosen_by_user(before, ours, "/usr/bin/python3.12") == before
    assert chosen_by_user({**before, "PYO3_CONFIG_FILE": "/x"}, ours, "/usr/bin/python3.11")["PYO3_PYTHON"]


@pytest.mark.parametrize(
    ("was", "notes"), [("", 0), (CPYTHON.base, 0), (CPYTHON.executable, 0), ("/usr/bin/python3.9", 1)]
)
def test_another_interpreter_that_was_set_is_replaced_and_told(was: str, notes: int) -> None:
    resolved = variables_of(Path("/home/pyo3/a.txt"), CPYTHON, {"PYO3_PYTHON": was})

    assert resolved.variables == {"PYO3_CONFIG_FILE": "/home/pyo3/a.txt", "PYO3_PYTHON": CPYTHON.base}
    assert len(resolved.notes) == notes


def test_the_active_environments_interpreter_is_taken_as_pyo3_takes_it(tmp_path: Path) -> None:
    for name in ("python", "python3.13"):
        (tmp_path / name).touch(mode=0o755)
    path = {"PATH": str(tmp_path)}

    assert find_python(None, {**path, "PYO3_PYTHON": "/x/python"}) == Path("/x/python")
    assert find_python(None, {**path, "VIRTUAL_ENV": "/env"}) == Path("/env/bin/python")
    assert find_python(None, {**path, "VIRTUAL_ENV": "/env", "CONDA_PREFIX": "/conda"}) == tmp_path / "python"
    assert find_python("3.13", path) == tmp_path / "python3.13"
    with pytest.raises(ToolMissingError, match=r"no `python3\.12` in PATH"):
        find_python("3.12", path)


def test_the_file_is_old_and_readable_by_all(tmp_path: Path) -> None:
    path = write_config(store_in(tmp_path / "home"), config_of(CPYTHON))

    assert path.read_text() == render(config_of(CPYTHON))
    assert path.stat().st_mtime == TIME_STAMP
    assert path.stat().st_mode & 0o777 == 0o644
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_file_that_is_there_stays_the_same_file(tmp_path: Path) -> None:
    store, config = store_in(tmp_path), config_of(CPYTHON)
    first = write_config(store, config).stat()

    again = write_config(store, config).stat()

    assert (again.st_ino, again.st_mtime_ns, again.st_ctime_ns) == (first.st_ino, first.st_mtime_ns, first.st_ctime_ns)


@pytest.mark.parametrize("content", ["", "implementation=CPy", None])
def test_a_file_that_was_damaged_or_copied_is_mended(tmp_path: Path, content: str | None) -> None:
    store, config = store_in(tmp_path), config_of(CPYTHON)
    path = write_config(store, config)
    path.write_text(render(config) if content is None else content)

    assert write_config(store, config) == path

    assert path.read_text() == render(config)
    assert path.stat().st_mtime == TIME_STAMP


def test_what_a_killed_process_had_begun_goes_after_an_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_in(tmp_path)
    folder_of(store).mkdir()
    begun = folder_of(store) / ".begun-x"
    begun.touch()
    write_config(store, config_of(CPYTHON))
    assert begun.exists()
    now = begun.stat().st_ctime

    monkeypatch.setattr("xprov.pyo3.place.time.time", lambda: now + 4000)
    write_config(store, config_of(PYPY))

    assert not begun.exists()


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").touch()

    with pytest.raises(XprovError, match="cannot be written"):
        write_config(store_in(tmp_path / "home"), config_of(CPYTHON))


def test_every_key_of_the_model_is_written() -> None:
    config = InterpreterConfig(
        implementation="CPython",
        version=(3, 13),
        shared=False,
        ext_suffix=".so",
        abiflags="t",
        lib_name="a",
        lib_dir="b",
        executable="c",
        pointer_width=32,
        build_flags=("Py_GIL_DISABLED",),
        python_framework_prefix="d",
        suppress_build_script_link_lines=True,
        extra_build_script_lines=("e=f", "g"),
    )

    keys = read_keys(render(config))

    assert keys == {
        "implementation": ["CPython"],
        "version": ["3.13"],
        "shared": ["false"],
        "lib_name": ["a"],
        "lib_dir": ["b"],
        "executable": ["c"],
        "pointer_width": ["32"],
        "build_flags": ["Py_GIL_DISABLED"],
        "python_framework_prefix": ["d"],
        "suppress_build_script_link_lines": ["true"],
        "extra_build_script_line": ["e=f", "g"],
        "ext_suffix": [".so"],
        "abiflags": ["t"],
    }
