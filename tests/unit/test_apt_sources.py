"""Sources files of every shape: what they say, and which bytes a restriction adds."""

import random
from pathlib import Path

import pytest

from xprov.apt.entry import SourcesFile, Style
from xprov.apt.sources import is_read_by_apt, parse, read_sources, restrict
from xprov.errors import UsageError

KEY = b"""Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEYCQjIxYJKwYBBAHaRw8BAQdAD/P5Nvvnvk66SxBBHDbhRml9ORg1WV5CvzKY
 =IE0r
 -----END PGP PUBLIC KEY BLOCK-----
"""

# Each shape with `@` where the restriction to amd64 and i386 adds its bytes; without one it adds none.
LINES = {
    "plain": (b"deb @http://a.example.org s main\n", b"[arch=amd64,i386] "),
    "several components": (b"deb @http://a.example.org s main universe multiverse\n", b"[arch=amd64,i386] "),
    "no final newline": (b"deb @http://a.example.org s main", b"[arch=amd64,i386] "),
    "carriage returns": (b"deb @http://a.example.org s main\r\n", b"[arch=amd64,i386] "),
    "tabs and indents": (b" \tdeb\t @http://a.example.org\ts\tmain  \n", b"[arch=amd64,i386] "),
    "comment behind": (b"deb @http://a.example.org s main # deb [x=y] z\n", b"[arch=amd64,i386] "),
    "comment that is not UTF-8": (b"# caf\xe9 \xff\ndeb @http://a.example.org s main # \xe9\n", b"[arch=amd64,i386] "),
    "trusted": (b"deb [@trusted=yes] http://a.example.org s main\n", b"arch=amd64,i386 "),
    "spaces in brackets": (
        b"deb [ @signed-by=/k.gpg lang=none ] http://a.example.org s main\n",
        b"arch=amd64,i386 ",
    ),
    "hash in brackets": (b"deb [@signed-by=/k#1.gpg] http://a.example.org s main\n", b"arch=amd64,i386 "),
    "empty brackets": (b"deb [@] http://a.example.org s main\n", b"arch=amd64,i386 "),
    "architecture added": (b"deb [@arch+=armhf] http://a.example.org s main\n", b"arch=amd64,i386 "),
    "architecture removed": (b"deb [@arch-=i386] http://a.example.org s main\n", b"arch=amd64,i386 "),
    "architecture set": (b"deb [arch=amd64] http://a.example.org s main\n", b""),
    "architecture set last": (b"deb [ trusted=yes arch=armhf,arm64 ] http://a.example.org s main\n", b""),
    "source code": (b"deb-src http://a.example.org s main\n", b""),
    "switched off": (b"# deb http://a.example.org s main\n#deb http://b.example.org s main\n", b""),
    "path": (b"deb @http://a.example.org ./\n", b"[arch=amd64,i386] "),
    "disc": (b"deb @cdrom:[Debian 12 _Bookworm_ #1]/ s main\n", b"[arch=amd64,i386] "),
    "quotes": (b'deb @"http://a.example.org/a b" s main\n', b"[arch=amd64,i386] "),
    "form feed in a comment": (b"#\x0c\x0bdeb x\ndeb @http://a.example.org s main\n", b"[arch=amd64,i386] "),
    "nothing": (b"", b""),
    "blank lines": (b"\n \t\n\r\n", b""),
}
STANZAS = {
    "plain": (
        b"Types: deb\nURIs: http://a.example.org\nSuites: s\nComponents: main@\n",
        b"\nArchitectures: amd64 i386",
    ),
    "no final newline": (
        b"Types: deb\nURIs: http://a.example.org\nSuites: s\nComponents: main@",
        b"\nArchitectures: amd64 i386",
    ),
    "carriage returns": (
        b"Types: deb\r\nURIs: http://a.example.org\r\nSuites: s\r\nComponents: main@\r\n\r\n",
        b"\r\nArchitectures: amd64 i386",
    ),
    "carriage returns, no final newline": (
        b"Types: deb\r\nURIs: http://a.example.org\r\nSuites: s\r\nComponents: main@",
        b"\r\nArchitectures: amd64 i386",
    ),
    "fields behind": (
        b"Types: deb\nURIs: http://a.example.org\nSuites: s\nComponents: main@\nTrusted: yes\n",
        b"\nArchitectures: amd64 i386",
    ),
    "comments between": (
        b"# top \xe9\nTypes: deb\n# between\nURIs: http://a.example.org\nSuites: s\n#x\nComponents: main@\n# end",
        b"\nArchitectures: amd64 i386",
    ),
    "continued": (
        b"Types: deb\nURIs:\n a:\n b:\nSuites: s\n\tt\nComponents: main\n# why\n universe@\nTrusted: no\n",
        b"\nArchitectures: amd64 i386",
    ),
    "a line of blanks": (
        b"Types: deb\nURIs: http://a.example.org\n  \nSuites: s\nComponents: main@\n \t\nTrusted: yes\n",
        b"\nArchitectures: amd64 i386",
    ),
    "inline key": (
        b"Types: deb\nURIs: http://a.example.org\nSuites: s\nComponents: main@\n" + KEY,
        b"\nArchitectures: amd64 i386",
    ),
    "names in any case": (
        b"types: deb\nuris: http://a.example.org\nSUITES : s\ncomponents: main@\n",
        b"\nArchitectures: amd64 i386",
    ),
    "with source code": (
        b"Types: deb deb-src\nURIs: http://a.example.org\nSuites: s\nComponents: main@\n",
        b"\nArchitectures: amd64 i386",
    ),
    "path": (b"Types: deb\nURIs: http://a.example.org\nSuites: ./@\n", b"\nArchitectures: amd64 i386"),
    "architecture added": (
        b"Types: deb\nURIs: http://a.example.org\nSuites: s\nComponents: main@\nArchitectures-Add: armhf\n",
        b"\nArchitectures: amd64 i386",
    ),
    "architecture removed": (
        b"Types: deb\nURIs: http://a.example.org\nSuites: s\nComponents: main@\nArchitectures-Remove: i386\n",
        b"\nArchitectures: amd64 i386",
    ),
    "architecture set": (
        b"Types: deb\nURIs: http://a.example.org\nSuites: s\nComponents: main\narchitectures: amd64\n",
        b"",
    ),
    "architecture in a comment": (
        b"Types: deb\nURIs: http://a.example.org\nSuites: s\nComponents: main@\n#Architectures: amd64\n",
        b"\nArchitectures: amd64 i386",
    ),
    "source code": (b"Types: deb-src\nURIs: http://a.example.org\nSuites: s\nComponents: main\n", b""),
    "switched off": (b"Enabled: No\nTypes: deb\nURIs: http://a.example.org\nSuites: s\nComponents: main\n", b""),
    "switched off and unfinished": (b"Types: deb\nEnabled: false\n", b""),
    "switched on": (
        b"Enabled: yes\nTypes: deb\nURIs: http://a.example.org\nSuites: s\nComponents: main@\n",
        b"\nArchitectures: amd64 i386",
    ),
    "nothing": (b"", b""),
    "comments alone": (b"# nothing here\n\n#\n", b""),
}


def _file(name: str, content: bytes) -> SourcesFile:
    return SourcesFile(path=Path(f"/etc/apt/sources.list.d/{name}"), content=content)


def _shapes() -> list[tuple[str, bytes, bytes]]:
    found = []
    for name, shapes in (("x.list", LINES), ("x.sources", STANZAS)):
        found += [(name, marked.replace(b"@", b""), marked.replace(b"@", added)) for marked, added in shapes.values()]
    return found


NAMES = [*(f"list: {name}" for name in LINES), *(f"sources: {name}" for name in STANZAS)]


@pytest.mark.parametrize(("name", "before", "after"), _shapes(), ids=NAMES)
def test_a_restriction_adds_architectures_and_no_other_byte(name: str, before: bytes, after: bytes) -> None:
    assert restrict(_file(name, before), ("amd64", "i386")) == after


@pytest.mark.parametrize(("name", "before", "after"), _shapes(), ids=NAMES)
def test_what_is_restricted_is_not_restricted_again(name: str, before: bytes, after: bytes) -> None:
    assert restrict(_file(name, after), ("amd64", "i386")) == after


@pytest.mark.parametrize(("name", "before", "after"), _shapes(), ids=NAMES)
def test_a_restriction_changes_nothing_but_the_default(name: str, before: bytes, after: bytes) -> None:
    configured = ("amd64", "i386", "armhf")
    for old, new in zip(parse(_file(name, before)), parse(_file(name, after)), strict=True):
        if old.is_binary:
            added = () if old.architectures is not None or "armhf" in old.architectures_add else ("armhf",)
            assert {*new.served(configured), *added} == {*old.served(configured)}
        assert (old.types, old.uris, old.suites, old.components) == (new.types, new.uris, new.suites, new.components)
        assert old.options == new.options


@pytest.mark.parametrize("seed", range(40))
def test_a_file_of_many_entries_is_restricted_like_each_alone(seed: int) -> None:
    shapes = list((LINES if seed % 2 else STANZAS).values())
    name, gap = ("x.list", b"\n") if seed % 2 else ("x.sources", b"\n\n")
    chosen = random.Random(seed).choices(shapes, k=6)  # noqa: S311 - which shapes meet, not a secret
    before = gap.join(marked.replace(b"@", b"") for marked, _ in chosen)
    # Alone, what ends without a newline takes its line ending from the line above; here every line has one.
    after = gap.join(marked.replace(b"@", added) for marked, added in chosen)

    restricted = restrict(_file(name, before), ("amd64", "i386"))

    assert restricted.replace(b"\r", b"") == after.replace(b"\r", b"")
    assert restrict(_file(name, restricted), ("amd64", "i386")) == restricted


def test_an_option_of_a_line_has_the_name_of_its_field() -> None:
    text = b"deb [arch=armhf,arm64 arch-=arm64 signed-by=/a.gpg,/b.gpg trusted=yes Contents-deb=no] a: s x y"

    (entry,) = parse(_file("x.list", text))

    assert entry.style is Style.ONE_LINE
    assert entry.architectures == ("armhf", "arm64")
    assert entry.served(()) == ("armhf",)
    assert entry.options == (("Signed-By", "/a.gpg,/b.gpg"), ("Trusted", "yes"), ("Contents-deb", "no"))
    assert entry.components == ("x", "y")


def test_an_inline_key_is_kept_with_its_line_breaks() -> None:
    text = b"Types: deb\nURIs: http://a.example.org\nSuites: s\nComponents: main\n" + KEY.replace(b" =", b"# c\n =")

    (entry,) = parse(_file("x.sources", text))

    assert f"Signed-By:{dict(entry.options)['Signed-By']}\n" == KEY.decode()


def test_stanzas_are_counted_by_the_line_they_begin_in() -> None:
    stanza = b"Types: deb\nURIs: http://a.example.org\nSuites: s t\nComponents: main\n"

    first, second = parse(_file("x.sources", b"# one\n" + stanza + b"\n\n# two\n" + stanza))

    assert (first.line, second.line) == (2, 9)
    assert second.place == "/etc/apt/sources.list.d/x.sources:9"
    assert first.suites == ("s", "t")


def test_of_two_fields_of_one_name_the_last_counts() -> None:
    text = b"Types: deb\nURIs: http://a.example.org\nSuites: s\nComponents: main\nSuites: t\n"

    assert parse(_file("x.sources", text))[0].suites == ("t",)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("x.list", b"\ndeb\n", "line 2: there is no URI after the type"),
        ("x.list", b"deb http://a.example.org\n", "line 1: there is no suite"),
        ("x.list", b"deb http://a.example.org s\n", "line 1: there is no component after the suite `s`"),
        ("x.list", b"deb a.example.org s main\n", "line 1: `a.example.org` is not a URI"),
        ("x.list", b"deb http://a.example.org ./ main\n", "`./` ends with a slash"),
        ("x.list", b"rpm http://a.example.org s main\n", "the type `rpm` is not one that apt knows"),
        ("x.list", b"\xef\xbb\xbfdeb http://a.example.org s main\n", "is not one that apt knows"),
        ("x.list", b"deb [arch=amd64 http://a.example.org s main\n", "is not of the form `name=value`"),
        ("x.list", b"deb [ arch=amd64\n", "the options are not closed"),
        ("x.list", b"deb [arch=] http://a.example.org s main\n", "the option `arch=` has no value"),
        ("x.list", b"deb [=amd64] http://a.example.org s main\n", "the option `=amd64` has no name"),
        ("x.list", b'deb "http://a.example.org s main\n', 'lacks a closing `"`'),
        ("x.sources", b"# c\nURIs: http://a.example.org\n", "line 2: the stanza has no `Types`"),
        ("x.sources", b"Types: deb\nSuites: s\nComponents: main\n", "line 1: the stanza has no `URIs`"),
        ("x.sources", b"Types: deb\nURIs: http://a.example.org\n", "line 1: the stanza has no `Suites`"),
        ("x.sources", b"Types: deb\nURIs: http://a.example.org\nSuites: s\n", "line 1: the stanza has no `Components`"),
        ("x.sources", b"Types: deb\nURIs: x\nSuites: s\nComponents: main\n", "`x` is not a URI"),
        ("x.sources", b"Types: deb\nURIs: a:\nSuites: ./\nComponents: main\n", "`./` ends with a slash"),
        ("x.sources", b"Types: deb\nURIs http\n", "line 2: `URIs http` is not of the form `Field: value`"),
        ("x.sources", b"Types: rpm\n", "the type `rpm` is not one that apt knows"),
    ],
)
def test_what_apt_cannot_read_is_named_with_file_and_line(name: str, content: bytes, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        restrict(_file(name, content), ("amd64",))

    assert caught.value.message.startswith(f"`/etc/apt/sources.list.d/{name}`, line ")
    assert problem in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("name", "is_read"),
    [
        ("a.list", True),
        ("a-b_c.1.sources", True),
        ("a:b.list", True),
        ("a.sources.save", False),
        ("a.list~", False),
        (".a.list", False),
        ("a b.list", False),
        ("é.list", False),
        ("list", False),
        (".list", False),
        ("a", False),
    ],
)
def test_files_are_ignored_by_name_as_apt_does(name: str, *, is_read: bool) -> None:
    assert is_read_by_apt(name) is is_read


def test_files_are_read_in_the_order_of_apt(tmp_path: Path) -> None:
    parts = tmp_path / "etc/apt/sources.list.d"
    parts.mkdir(parents=True)
    (tmp_path / "etc/apt/sources.list").write_bytes(b"# main\n")
    for name in ("b.list", "a.sources", "B.list", "c.list.save"):
        (parts / name).write_bytes(name.encode())
    (parts / "d.list").mkdir()
    (parts / "e.list").symlink_to("nowhere")
    (parts / "f.list").symlink_to("b.list")

    files = read_sources(tmp_path)

    assert [file.path.name for file in files] == ["sources.list", "B.list", "a.sources", "b.list", "f.list"]
    assert files[-1].content == b"b.list"


def test_without_any_file_there_is_nothing_to_read(tmp_path: Path) -> None:
    assert read_sources(tmp_path) == ()
