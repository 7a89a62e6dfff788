"""A package in a folder of its own: merged, filtered, complete or not there, and nothing outside of it."""

import hashlib
import os
import random
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.deb_builder import COMPRESSIONS, Item, deb_bytes, folder, hard_link, link, tar_bytes, write_deb

from xprov.archive import tree as tree_module
from xprov.archive.deb import Limits
from xprov.archive.tree import Deb, find_tree, unpack
from xprov.errors import VerificationError, XprovError
from xprov.target import find_target
from xprov.view import PackageTree

ARMHF, ARM64 = find_target("armhf"), find_target("arm64")
TRIPLET = ARMHF.triplet
HEADER = Item(path="./usr/include/a.h", content=b"int a;\n")


def named(path: Path) -> Deb:
    return Deb(package="libexample-dev", sha256=hashlib.sha256(path.read_bytes()).hexdigest(), path=path)


def unpacked(place: Path, *items: Item, keep_all: bool = False) -> PackageTree:
    return unpack(named(write_deb(place, *items)), place / "trees", ARMHF, keep_all=keep_all)


def files(tree: PackageTree) -> dict[str, bytes]:
    places = {path: tree.root / path for path in tree.paths}
    return {path: place.read_bytes() for path, place in places.items() if place.is_file() and not place.is_symlink()}


def text(tree: PackageTree, path: str) -> str:
    return str((tree.root / path).readlink())


def test_a_tree_has_what_a_compiler_reads_and_nothing_else(tmp_path: Path) -> None:
    manual = Item(path="./usr/share/man/man3/a.3.gz", content=b"manual")

    tree = unpacked(tmp_path, folder("./"), folder("./usr/share/man/"), HEADER, manual)

    assert tree.package == "libexample-dev"
    assert tree.paths == ("usr", "usr/include", "usr/include/a.h")
    assert files(tree) == {"usr/include/a.h": HEADER.content}


def test_a_tree_has_everything_when_asked(tmp_path: Path) -> None:
    manual = Item(path="./usr/share/man/man3/a.3.gz", content=b"manual")

    assert files(unpacked(tmp_path, HEADER, manual, keep_all=True)).keys() == {"usr/include/a.h", manual.path[2:]}


def test_what_is_kept_for_one_target_is_not_taken_for_another(tmp_path: Path) -> None:
    deb = named(write_deb(tmp_path, HEADER, Item(path=f"usr/lib/{TRIPLET}/liba.a"), Item(path="usr/lib/other/liba.a")))

    for_armhf, for_arm64 = (unpack(deb, tmp_path / "trees", target) for target in (ARMHF, ARM64))

    assert files(for_armhf).keys() == {"usr/include/a.h", f"usr/lib/{TRIPLET}/liba.a"}
    assert files(for_arm64).keys() == {"usr/include/a.h"}


def test_lib_lands_in_usr_lib(tmp_path: Path) -> None:
    tree = unpacked(tmp_path, folder("./lib/"), Item(path=f"./lib/{TRIPLET}/libz.so.1", content=b"z"))

    assert files(tree) == {f"usr/lib/{TRIPLET}/libz.so.1": b"z"}
    assert not (tree.root / "lib").exists()


LINKS = {
    "beside it": (f"usr/lib/{TRIPLET}/libz.so", "libz.so.1", "libz.so.1"),
    "beside it, from lib": (f"lib/{TRIPLET}/libz.so", "libz.so.1", "libz.so.1"),
    "absolute": (f"usr/lib/{TRIPLET}/libz.so", "/usr/lib/x/libz.so.1", "/usr/lib/x/libz.so.1"),
    "absolute, to lib": (f"usr/lib/{TRIPLET}/libz.so", "/lib/x/libz.so.1", "/usr/lib/x/libz.so.1"),
    "from usr/lib to lib": (f"usr/lib/{TRIPLET}/libz.so", "../../../lib/x/libz.so.1", "../x/libz.so.1"),
    "from lib to usr/lib": (f"lib/{TRIPLET}/libz.so", "../../usr/lib/x/libz.so.1", "../x/libz.so.1"),
    "from lib to the root": ("lib/ld-linux-armhf.so.3", "../etc/ld.so", "../../etc/ld.so"),
}


@pytest.mark.parametrize(("path", "target", "expected"), LINKS.values(), ids=LINKS)
def test_a_link_leads_where_it_led_before_the_merge(path: str, target: str, expected: str, tmp_path: Path) -> None:
    tree = unpacked(tmp_path, link(path, target))

    assert text(tree, path if path.startswith("usr/") else f"usr/{path}") == expected


def test_a_link_that_the_merge_makes_its_own_target_is_left_out(tmp_path: Path) -> None:
    library = Item(path=f"lib/{TRIPLET}/libz.so.1", content=b"z")

    tree = unpacked(tmp_path, link(f"usr/lib/{TRIPLET}/libz.so.1", f"/{library.path}"), library)

    assert files(tree) == {f"usr/lib/{TRIPLET}/libz.so.1": b"z"}


def test_the_links_of_a_merged_root_are_left_out(tmp_path: Path) -> None:
    tree = unpacked(tmp_path, link("lib", "usr/lib"), Item(path="usr/lib/liba.so.1"), keep_all=True)

    assert tree.paths == ("usr", "usr/lib", "usr/lib/liba.so.1")


def test_two_files_that_the_merge_puts_in_one_place_are_refused(tmp_path: Path) -> None:
    with pytest.raises(VerificationError, match=r"`usr/lib/liba\.so` twice"):
        unpacked(tmp_path, Item(path="lib/liba.so"), Item(path="usr/lib/liba.so"))


def test_a_link_and_a_file_below_it_that_only_the_merge_brings_together_are_refused(tmp_path: Path) -> None:
    with pytest.raises(VerificationError, match="as a folder and as a link"):
        unpacked(tmp_path, link(f"lib/{TRIPLET}", "/etc"), Item(path=f"usr/lib/{TRIPLET}/evil.a"))


def test_a_hard_link_shares_its_file(tmp_path: Path) -> None:
    tree = unpacked(tmp_path, HEADER, hard_link("./usr/include/b.h", "./usr/include/a.h"))

    assert (tree.root / "usr/include/b.h").samefile(tree.root / "usr/include/a.h")


def test_a_hard_link_has_its_content_also_when_the_file_itself_is_not_kept(tmp_path: Path) -> None:
    first = Item(path="usr/bin/a", content=b"shared")
    links = hard_link("usr/bin/b", "usr/bin/a"), hard_link(f"usr/lib/{TRIPLET}/a", "usr/bin/b")

    assert files(unpacked(tmp_path, first, *links))[f"usr/lib/{TRIPLET}/a"] == b"shared"


def test_modes_are_plain_whatever_the_package_and_the_umask_say(tmp_path: Path) -> None:
    items = (
        Item(path=f"usr/lib/{TRIPLET}/secret.so", mode=0o600),
        Item(path=f"usr/lib/{TRIPLET}/program", mode=0o6711),
        Item(path="usr/include/open.h", mode=0o1666),
    )
    umask = os.umask(0o077)
    try:
        tree = unpacked(tmp_path, *items)
    finally:
        os.umask(umask)

    modes = {Path(path).name: stat.S_IMODE((tree.root / path).stat().st_mode) for path in tree.paths}
    assert modes == {
        **dict.fromkeys(("usr", "lib", "include", TRIPLET), 0o755),
        "secret.so": 0o644,
        "program": 0o755,
        "open.h": 0o644,
    }
    assert stat.S_IMODE(tree.root.stat().st_mode) == 0o755


def test_a_name_that_is_not_utf_8_is_written_with_its_bytes(tmp_path: Path) -> None:
    name = b"usr/include/caf\xe9.h"

    tree = unpacked(tmp_path, Item(path=name.decode(errors="surrogateescape")))

    assert (tree.root / os.fsdecode(name)).is_file()


def test_a_tree_that_is_there_is_taken_as_it_is(tmp_path: Path) -> None:
    deb = named(write_deb(tmp_path, HEADER))
    first = unpack(deb, tmp_path / "trees", ARMHF)
    deb.path.unlink()

    assert unpack(deb, tmp_path / "trees", ARMHF) == first


def test_a_tree_that_is_there_is_found_without_its_package(tmp_path: Path) -> None:
    deb = named(write_deb(tmp_path, HEADER))
    trees = tmp_path / "trees"
    assert find_tree(deb.package, deb.sha256, trees, ARMHF) is None

    made = unpack(deb, trees, ARMHF)

    assert find_tree(deb.package, deb.sha256, trees, ARMHF) == made
    assert find_tree(deb.package, deb.sha256, trees, ARM64) is None


def test_a_tree_that_another_process_has_made_meanwhile_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deb, trees = named(write_deb(tmp_path, HEADER)), tmp_path / "trees"
    settle, others = tree_module._settle, []  # noqa: SLF001 - the instant at which the other one is faster

    def settle_second(staging: Path, place: Path) -> None:
        monkeypatch.setattr(tree_module, "_settle", settle)
        others.append(unpack(deb, trees, ARMHF))
        kept = place.stat().st_ino
        settle(staging, place)
        assert place.stat().st_ino == kept

    monkeypatch.setattr(tree_module, "_settle", settle_second)

    assert [unpack(deb, trees, ARMHF)] == others
    assert list(trees.iterdir()) == [others[0].root.parent]


def emptied(tree: PackageTree) -> None:
    """Do what a loss of power does: names are on the disk before content is."""
    os.truncate(tree.root / "usr/include/a.h", 0)


def overwritten(tree: PackageTree) -> None:
    """Do what a careless build script does to a file of a view that is a hard link."""
    (tree.root / "usr/include/a.h").write_bytes(HEADER.content[::-1])


def removed(tree: PackageTree) -> None:
    (tree.root / "usr/include/a.h").unlink()


def made_private(tree: PackageTree) -> None:
    (tree.root / "usr/include/a.h").chmod(0o600)


def unlisted(tree: PackageTree) -> None:
    os.truncate(tree.root.parent / "listing.json", 0)


def half_listed(tree: PackageTree) -> None:
    os.truncate(tree.root.parent / "listing.json", 20)


DAMAGES = (emptied, overwritten, removed, made_private, unlisted, half_listed)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_tree_that_is_damaged_is_unpacked_again(damage: Callable[[PackageTree], None], tmp_path: Path) -> None:
    deb, trees = named(write_deb(tmp_path, HEADER, link("usr/include/b.h", "a.h"))), tmp_path / "trees"
    damage(unpack(deb, trees, ARMHF))
    assert find_tree(deb.package, deb.sha256, trees, ARMHF) is None

    tree = unpack(deb, trees, ARMHF)

    assert files(tree) == {"usr/include/a.h": HEADER.content}
    assert find_tree(deb.package, deb.sha256, trees, ARMHF) == tree
    assert list(trees.iterdir()) == [tree.root.parent]


def test_a_view_keeps_its_files_when_the_tree_behind_it_is_made_anew(tmp_path: Path) -> None:
    deb, trees = named(write_deb(tmp_path, HEADER)), tmp_path / "trees"
    (tmp_path / "view.h").hardlink_to(unpack(deb, trees, ARMHF).root / "usr/include/a.h")
    (tmp_path / "view.h").write_bytes(b"spoiled")

    unpack(deb, trees, ARMHF)

    assert (tmp_path / "view.h").read_bytes() == b"spoiled"


def test_nothing_is_left_of_a_package_that_is_refused_half_way(tmp_path: Path) -> None:
    with pytest.raises(VerificationError):
        unpacked(tmp_path, HEADER, Item(path="../evil"))

    assert list((tmp_path / "trees").iterdir()) == []


def test_nothing_is_there_when_the_end_of_a_package_is_broken(tmp_path: Path) -> None:
    data = COMPRESSIONS[".xz"](tar_bytes([HEADER]))
    deb = tmp_path / "example.deb"
    deb.write_bytes(deb_bytes(data[:-8] + bytes(8), suffix=".xz"))

    with pytest.raises(VerificationError):
        unpack(named(deb), tmp_path / "trees", ARMHF)

    assert list((tmp_path / "trees").iterdir()) == []


def test_a_hash_that_is_none_names_no_folder(tmp_path: Path) -> None:
    deb = Deb(package="a", sha256="../../evil", path=write_deb(tmp_path, HEADER))

    with pytest.raises(VerificationError, match="no SHA-256"):
        unpack(deb, tmp_path / "trees", ARMHF)


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "trees").write_text("a file")

    with pytest.raises(XprovError, match="trees") as caught:
        unpacked(tmp_path, HEADER)

    assert "XPROV_CACHE_DIR" in (caught.value.hint or "")


MUTATIONS = 300
SMALL = Limits(ratio_from=1 << 20, members=100)


def mutated(content: bytes, dice: random.Random) -> bytes:
    """Return `content` with some bytes changed, cut out, doubled or added."""
    changed = bytearray(content)
    for _ in range(dice.randint(1, 4)):
        where = dice.randrange(len(changed))
        match dice.randrange(5):
            case 0:
                changed[where] ^= 1 << dice.randrange(8)
            case 1:
                changed[where] = dice.choice(b"\0\xff/.0129 ")
            case 2:
                del changed[where : where + dice.choice((1, 7, 512))]
            case 3:
                changed[where:where] = changed[where : where + dice.choice((1, 60, 512))]
            case _:
                changed[where : where + 8] = dice.randbytes(8)
        if not changed:
            break
    return bytes(changed)


def resealed(data: bytearray) -> bytes:
    """Return a tar with its headers' checksums made right, so that what else is wrong in them is met."""
    for begin in range(0, len(data) - 511, 512):
        block = data[begin : begin + 512]
        if block[257:262] == b"ustar":
            data[begin + 148 : begin + 156] = b"%06o\0 " % (sum(block[:148]) + 8 * 32 + sum(block[156:]))
    return bytes(data)


@pytest.mark.parametrize("kind", ["package", "tar", "tar with right checksums"])
def test_a_mutated_package_is_unpacked_or_refused_and_nothing_is_written_elsewhere(kind: str, tmp_path: Path) -> None:
    items = [
        *(folder("./"), folder("./usr/"), HEADER, Item(path=f"lib/{TRIPLET}/liba.so.1", content=b"a" * 700)),
        *(link(f"usr/lib/{TRIPLET}/liba.so", "liba.so.1"), hard_link("usr/include/b.h", "usr/include/a.h")),
        Item(path="usr/include/" + "x" * 120 + ".h", content=b"x"),
    ]
    data, dice = tar_bytes(items), random.Random(f"4-{kind}")  # noqa: S311 - the same mutations in every run
    deb, trees = tmp_path / "example.deb", tmp_path / "inside" / "trees"
    trees.mkdir(parents=True)
    refused = 0
    for number in range(MUTATIONS // 3):
        match kind:
            case "package":
                content = mutated(deb_bytes(COMPRESSIONS[".gz"](data), suffix=".gz"), dice)
            case "tar":
                content = deb_bytes(mutated(data, dice))
            case _:
                content = deb_bytes(resealed(bytearray(mutated(data, dice))))
        deb.write_bytes(content)
        try:
            unpack(Deb(package="a", sha256=f"{number:064x}", path=deb), trees, ARMHF, keep_all=True, limits=SMALL)
        except XprovError:
            refused += 1
    assert refused
    assert {path.name for path in tmp_path.iterdir()} == {"example.deb", "inside"}
    assert {path.name for path in (tmp_path / "inside").iterdir()} == {"trees"}
    assert not list(trees.glob(".staging-*"))
