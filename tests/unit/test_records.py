"""`xprov.records.dataclass` beside the standard library's: the same to whoever uses the class."""

import copy
import dataclasses
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from xprov import records

Decorator = Callable[..., Callable[[type], Any]]


def package(decorator: Decorator) -> Any:  # noqa: ANN401 - a class of either kind
    @decorator(frozen=True, kw_only=True, slots=True)
    class Package:
        """A class with every kind of field that xprov has."""

        name: str
        version: str = "1.0"
        files: list[str] = dataclasses.field(default_factory=list)
        qualifier: str = dataclasses.field(default="", compare=False, repr=False)

        @property
        def described(self) -> str:
            return f"{self.name} {self.version}"

    return Package


def derived(decorator: Decorator) -> Any:  # noqa: ANN401 - a class of either kind
    @decorator(frozen=True, kw_only=True, slots=True)
    class Library(package(decorator)):  # type: ignore[misc]  # a base of either kind
        """A class with the fields of another one, and one of its own."""

        path: str

    return Library


def empty(decorator: Decorator) -> Any:  # noqa: ANN401 - a class of either kind
    @decorator(frozen=True, kw_only=True, slots=True)
    class Nothing:
        """A class without fields."""

    return Nothing


@records.dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Found by its name, as `pickle` wants it."""

    host: str
    port: int = 80


BOTH = pytest.mark.parametrize("decorator", [records.dataclass, dataclasses.dataclass])


def of(error: type[Exception], act: Callable[[], object]) -> str:
    with pytest.raises(error) as caught:
        act()
    return str(caught.value)


@BOTH
def test_fields_have_what_was_given_and_their_defaults(decorator: Decorator) -> None:
    made = package(decorator)(name="foo")

    assert (made.name, made.version, made.files, made.qualifier) == ("foo", "1.0", [], "")
    assert made.described == "foo 1.0"
    assert made.files is not package(decorator)(name="foo").files
    assert derived(decorator)(path="/x", name="foo", version="2").described == "foo 2"
    assert not hasattr(made, "__dict__")


@BOTH
def test_what_is_shown_and_what_is_equal(decorator: Decorator) -> None:
    kind, other = package(decorator), derived(decorator)

    assert repr(kind(name="foo", qualifier="x")).endswith("Package(name='foo', version='1.0', files=[])")
    assert repr(other(path="/x", name="foo")).endswith("Library(name='foo', version='1.0', files=[], path='/x')")
    assert repr(empty(decorator)()).endswith("Nothing()")
    assert kind(name="foo", qualifier="x") == kind(name="foo", qualifier="y")
    assert kind(name="foo") != kind(name="bar")
    assert kind(name="foo") != "foo"
    assert kind(name="foo") != other(path="/x", name="foo")
    nothing = empty(decorator)
    assert nothing() == nothing()
    assert len({nothing(), nothing()}) == 1
    assert len({kind(name=name, files=()) for name in ("foo", "bar", "foo")}) == 2
    of(TypeError, lambda: hash(kind(name="foo")))


@BOTH
def test_the_standard_librarys_functions_take_them(decorator: Decorator) -> None:
    made = derived(decorator)(path="/x", name="foo")

    assert [field.name for field in dataclasses.fields(made)] == ["name", "version", "files", "qualifier", "path"]
    assert dataclasses.asdict(made) == {
        "name": "foo",
        "version": "1.0",
        "files": [],
        "qualifier": "",
        "path": "/x",
    }
    assert dataclasses.replace(made, version="2", qualifier="q").version == "2"
    assert copy.copy(made) == made
    assert copy.deepcopy(made).files is not made.files


def test_they_are_pickled() -> None:
    assert pickle.loads(pickle.dumps(Place(host="foo", port=81))) == Place(host="foo", port=81)  # noqa: S301 - its own


@BOTH
def test_wrong_fields_are_named(decorator: Decorator) -> None:
    kind = package(decorator)

    assert "name" in of(TypeError, kind)
    assert "'colour'" in of(TypeError, lambda: kind(name="foo", colour="red"))
    assert "'colour'" in of(TypeError, lambda: kind(version="1", files=[], qualifier="", colour="red"))
    assert "positional" in of(TypeError, lambda: kind("foo"))
    assert "'path'" in of(TypeError, lambda: dataclasses.replace(kind(name="foo"), path="/x"))


@BOTH
def test_nothing_can_be_changed(decorator: Decorator) -> None:
    made = package(decorator)(name="foo")

    assert "'name'" in of(dataclasses.FrozenInstanceError, lambda: setattr(made, "name", "bar"))
    assert "'name'" in of(dataclasses.FrozenInstanceError, lambda: delattr(made, "name"))
    assert made.name == "foo"


@pytest.mark.parametrize("lacking", ["frozen", "kw_only", "slots"])
def test_other_kinds_are_refused(lacking: str) -> None:
    words = {"frozen": True, "kw_only": True, "slots": True, lacking: False}

    assert "`dataclasses`" in of(TypeError, lambda: records.dataclass(**words))
