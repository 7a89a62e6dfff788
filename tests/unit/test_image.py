"""What an image with libraries is made of: its Dockerfile, variables, labels and context; nothing is built."""

import io
import json
import tarfile
from pathlib import Path

import pytest
from tests.unit.commands import Xprov
from tests.unit.test_environment import ARMHF, toolchain

from xprov import __version__
from xprov.containers.baked import labels_of, refuse_second, resolve_in
from xprov.containers.context import write_context
from xprov.containers.dockerfile import Filling, last_stage, whole_dockerfile
from xprov.engine import Image, is_reference
from xprov.environment import Environment
from xprov.errors import UsageError, XprovError
from xprov.provision import Provision, ProvisionedLibrary, ProvisionedPackage
from xprov.request import Method
from xprov.sites import HERE
from xprov.target import find_target

ARM64 = find_target("arm64")
LOCK = '# A lock\'s "text".\nversion = 1\n\n[target.armhf]\n'


def filling(**changes: object) -> Filling:
    given = {
        "base": "my/cross:1",
        "target": ARMHF,
        "libraries": ("alsa", "dbus"),
        "options": ("--glibc", "2.31"),
        "lock": LOCK,
        "labels": {"dev.xprov.armhf.suite": "debian:bullseye"},
        "variables": {"CFLAGS_x": r'-DX="a b" -DY=$Z\n', "EMPTY": ""},
    }
    return Filling(**{**given, **changes})  # type: ignore[arg-type]


def image(*, environ: dict[str, str] | None = None, labels: dict[str, str] | None = None) -> Image:
    return Image(
        reference="my/cross:1", id="0" * 64, architecture="amd64", environ=environ or {}, user="", labels=labels or {}
    )


def provision() -> Provision:
    library = ProvisionedLibrary(name="alsa", modules={}, floor=None, floor_file=None, wheel_floor=None, linked=True)
    package = ProvisionedPackage(
        name="libasound2", architecture="armhf", version="1", sha256="00", origin="http://mirror/libasound2.deb"
    )
    return Provision(
        target=ARMHF,
        method=Method.SYSROOT,
        suite="debian:bullseye",
        libraries=(library,),
        packages=(package,),
        toolchain_glibc=(2, 31),
        inputs="what it was made of here",
    )


def environment(target: str = "armhf") -> Environment:
    return Environment(target=find_target(target), generation="0123456789ab", toolchain=toolchain())


def test_the_printed_dockerfile_says_all_that_it_takes() -> None:
    text = whole_dockerfile(filling())

    assert 'ARG BASE="my/cross:1"\n' in text
    assert 'ARG TARGET="armhf" LIBRARIES="alsa dbus" OPTIONS="--locked --glibc 2.31" XPROV_MIRROR ' in text
    assert f' XPROV="xprov=={__version__}" ' in text
    assert "#: " not in text
    assert "COPY --from=libraries /baked /" in text
    assert 'LABEL dev.xprov.armhf.suite="debian:bullseye"\n' in text
    assert 'ENV CFLAGS_x="-DX=\\"a b\\" -DY=\\$Z\\\\n" \\\n    EMPTY=""\n' in text


def test_each_line_of_the_lock_is_a_word_of_the_shell_that_writes_it() -> None:
    text = whole_dockerfile(filling())

    quoted = """RUN printf '%s\\n' \\
    '# A lock'"'"'s "text".' \\
    'version = 1' \\
    '' \\
    '[target.armhf]' \\
    > /tmp/xprov.lock \\
    && XPROV_HOME=/opt/xprov """
    assert quoted in text


def test_what_is_provisioned_already_is_copied_by_the_same_last_stage() -> None:
    whole, last = whole_dockerfile(filling()), last_stage(filling())

    assert last.startswith('ARG BASE="my/cross:1"\nFROM ${BASE}\nCOPY baked /\nLABEL ')
    assert last.partition("LABEL")[2] == whole.partition("LABEL")[2]
    assert "RUN" not in last


def test_an_image_without_variables_has_no_instruction_for_them() -> None:
    assert "ENV" not in last_stage(filling(variables={}))


def test_a_variable_of_several_lines_is_refused_by_name() -> None:
    with pytest.raises(XprovError, match="CFLAGS_x has several lines"):
        whole_dockerfile(filling(variables={"CFLAGS_x": "-DX\n-DY"}))


def test_an_image_tells_of_each_target_by_labels_of_its_own() -> None:
    assert labels_of(provision()) == {
        "dev.xprov.armhf.version": __version__,
        "dev.xprov.armhf.libraries": "alsa",
        "dev.xprov.armhf.suite": "debian:bullseye",
    }


def test_a_second_set_of_libraries_for_a_target_is_refused() -> None:
    base = image(labels=labels_of(provision()))

    refuse_second(base, ARM64)
    with pytest.raises(UsageError, match="libraries for armhf already: alsa"):
        refuse_second(base, ARMHF)


def test_variables_are_those_that_the_base_lacks() -> None:
    bare = resolve_in(image(), environment(), HERE).variables
    once_more = resolve_in(image(environ={name: value or "" for name, value in bare.items()}), environment(), HERE)

    assert bare["PKG_CONFIG_armv7_unknown_linux_gnueabihf"] == "/opt/xprov/armhf/bin/arm-linux-gnueabihf-pkg-config"
    assert bare["CARGO_BUILD_TARGET"] == "armv7-unknown-linux-gnueabihf"
    assert bare["TARGET_SYSROOT"] == "/opt/xprov/armhf/libs"
    assert once_more.variables == {}


def test_of_two_targets_neither_ones_libraries_are_taken_for_the_other() -> None:
    first = {name: value or "" for name, value in resolve_in(image(), environment(), HERE).variables.items()}
    base = image(environ=first, labels=labels_of(provision()))

    second = resolve_in(base, environment("arm64"), HERE).variables

    assert second["TARGET_SYSROOT"] == "/opt/xprov"
    assert "PKG_CONFIG_aarch64_unknown_linux_gnu" in second
    assert second["CARGO_BUILD_TARGET"] == "aarch64-unknown-linux-gnu"
    assert [name for name in second if "armv7" in name] == []


def _home(folder: Path) -> Path:
    target = folder / "armhf"
    for below in ("bin", "libs/usr/lib/arm-linux-gnueabihf"):
        (target / below).mkdir(parents=True)
    (target / "libs/lib").symlink_to("usr/lib")
    (target / "libs/usr/lib/arm-linux-gnueabihf/libasound.so.2").write_bytes(b"elf")
    (target / "bin/tool").touch(mode=0o700)
    (target / "env").write_text(f"root={folder}")
    (target / "provision.json").write_text(json.dumps(provision().as_json()))
    return folder


def _context(home: Path) -> bytes:
    file = io.BytesIO()
    write_context(file, "FROM x\n", _home(home), environment(), LOCK)
    return file.getvalue()


def test_a_context_has_the_same_bytes_wherever_and_whenever_it_is_packed(tmp_path: Path) -> None:
    assert _context(tmp_path / "one") == _context(tmp_path / "a/second one")


def test_a_context_has_the_home_as_the_image_has_it(tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(_context(tmp_path))) as tar:
        entries = {entry.name: entry for entry in tar}
        texts = {name: tar.extractfile(name) for name in ("baked/opt/xprov/armhf/meson.ini", "baked/opt/xprov/env")}
        told = json.load(tar.extractfile("baked/opt/xprov/armhf/provision.json") or io.BytesIO())
        content = b"".join(file.read() for file in texts.values() if file)

    folder = "baked/opt/xprov/armhf"
    assert b"'/opt/xprov/armhf'" in content
    assert str(tmp_path).encode() not in content
    assert entries[f"{folder}/libs/lib"].linkname == "usr/lib"
    assert entries[f"{folder}/bin/tool"].mode == 0o755
    assert entries[f"{folder}/libs/usr/lib/arm-linux-gnueabihf/libasound.so.2"].mode == 0o644
    assert {(entry.uid, entry.gid, entry.mtime) for entry in entries.values()} == {(0, 0, 315532800)}
    assert f"{folder}/xprov.lock" in entries
    assert (told["inputs"], told["packages"][0]["origin"]) == (None, None)
    # A folder before what is in it.
    names = list(entries)
    assert all(names.index(name.rpartition("/")[0]) < at for at, name in enumerate(names) if "/" in name)


@pytest.mark.parametrize(
    "name", ["builder", "my/builder", "my/builder:1", "ghcr.io/me/my-builder:v1.0_a", "localhost:5000/x__y"]
)
def test_names_that_an_image_can_have(name: str) -> None:
    assert is_reference(name)


@pytest.mark.parametrize(
    "name", ["", "My Builder", "my/Builder", "builder:", "builder:a b", "-x", "a//b", "x@sha256:00"]
)
def test_names_that_no_image_can_have(name: str) -> None:
    assert not is_reference(name)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--tag", "builder"), "missing argument 'LIBRARY...'"),
        (("alsa",), "say how to call the image"),
        (("alsa", "--print", "--tag", "builder"), "`--print` makes no image"),
        (("alsa", "--tag", "My Builder"), "no image can be called `My Builder`"),
        (("alsa", "--tag", "builder", "--toolchain", "gcc"), "toolchain"),
    ],
)
def test_words_that_do_not_go_together_are_named(
    words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = Xprov(capsys=capsys)("image", "armhf", *words)

    assert (seen.code, seen.out) == (2, "")
    assert told in seen.err
    assert "hint: " in seen.err
