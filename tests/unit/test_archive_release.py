"""Release files: what they say, and each that must not be taken for what was asked."""

from datetime import datetime, timedelta, timezone

import pytest

from xprov.archive.release import Asked, ReleaseFile, parse_release, read_release
from xprov.errors import VerificationError

NOW = datetime(2026, 7, 20, 12, 0, tzinfo=timezone.utc)
XZ, GZ = "a" * 64, "b" * 64
FIELDS = {
    "Origin": "Debian",
    "Label": "Debian",
    "Suite": "oldstable",
    "Codename": "bookworm",
    "Date": "Sat, 11 Jul 2026 10:16:37 UTC",
    "Acquire-By-Hash": "yes",
    "Architectures": "all amd64 armhf",
    "Components": "main contrib",
    "MD5Sum": f"\n {'0' * 32} 1 main/binary-s390x/Packages.xz",
    "SHA256": f"\n {XZ} 850 main/binary-armhf/Packages.xz\n {GZ} 1168 main/binary-armhf/Packages.gz"
    f"\n {GZ} 9000 main/binary-armhf/Packages",
}
JAMMY = {"Origin": "Ubuntu", "Label": "Ubuntu", "Suite": "jammy", "Codename": "jammy"}
UPDATES = {**JAMMY, "Suite": "jammy-updates"}
SECURITY = {"Label": "Debian-Security", "Suite": "oldstable-security", "Codename": "bookworm-security"}
BUSTER_SECURITY = {"Label": "Debian-Security", "Suite": "oldoldstable", "Codename": "buster"}


def release(without: str = "", **fields: str) -> bytes:
    kept = {**FIELDS, **{name.replace("_", "-"): value for name, value in fields.items()}}
    return "".join(f"{name}: {value}\n" for name, value in kept.items() if name != without).encode()


def read(content: bytes, suite: str = "bookworm", *, allow_expired: bool = False) -> ReleaseFile:
    return read_release(content, Asked(suite=suite), now=NOW, allow_expired=allow_expired)


def refused(content: bytes, asked: Asked | None = None) -> str:
    with pytest.raises(VerificationError) as caught:
        read_release(content, asked or Asked(suite="bookworm"), now=NOW)
    assert caught.value.hint
    return caught.value.message


def test_a_release_file_is_read() -> None:
    found = read(release())

    assert (found.origin, found.label, found.suite, found.codename) == ("Debian", "Debian", "oldstable", "bookworm")
    assert found.date == datetime(2026, 7, 11, 10, 16, 37, tzinfo=timezone.utc)
    assert found.valid_until is None
    assert found.architectures == ("all", "amd64", "armhf")
    assert found.components == ("main", "contrib")
    assert found.sha256["main/binary-armhf/Packages.gz"] == (GZ, 1168)


def test_an_index_is_found_in_both_forms_the_quickest_first() -> None:
    found = read(release()).index_for("main", "armhf")

    assert found
    assert [(index.path, index.sha256, index.size) for index in found] == [
        ("main/binary-armhf/Packages.gz", GZ, 1168),
        ("main/binary-armhf/Packages.xz", XZ, 850),
    ]
    assert found[0].by_hash == f"main/binary-armhf/by-hash/SHA256/{GZ}"


def test_without_by_hash_none_is_named() -> None:
    found = read(release(without="Acquire-By-Hash")).index_for("main", "armhf")

    assert found
    assert [index.by_hash for index in found] == [None, None]


def test_a_component_with_a_prefix_is_found_without_it() -> None:
    found = read(release(**SECURITY, Components="updates/main"), "bookworm-security")

    assert found.index_for("updates/main", "armhf") == found.index_for("main", "armhf") is not None


def test_a_missing_architecture_is_none_also_where_a_weaker_list_has_it() -> None:
    assert read(release()).index_for("main", "s390x") is None
    assert read(release()).index_for("contrib", "armhf") is None


def test_a_name_may_stand_twice_with_the_same_hash_alone() -> None:
    row = f"\n {XZ} 850 main/binary-armhf/Packages.xz"

    assert len(read(release(SHA256=row + row)).sha256) == 1
    assert "twice, with different hashes" in refused(release(SHA256=row + row.replace(XZ, GZ)))


@pytest.mark.parametrize(
    ("fields", "suite"),
    [
        ({}, "bookworm"),
        ({}, "oldstable"),
        (JAMMY, "jammy"),
        (UPDATES, "jammy-updates"),
        (SECURITY, "bookworm-security"),
        (BUSTER_SECURITY, "buster/updates"),
        ({"Suite": "experimental", "Codename": "rc-buggy"}, "experimental"),
    ],
)
def test_a_suite_answers_to_its_names(fields: dict[str, str], suite: str) -> None:
    assert read(release(**fields), suite).sha256


@pytest.mark.parametrize(
    ("fields", "suite"),
    [
        ({}, "trixie"),
        ({}, "bookworm-updates"),
        (JAMMY, "jammy-updates"),
        (UPDATES, "jammy"),
        (SECURITY, "bookworm"),
        (BUSTER_SECURITY, "buster"),
        ({"Codename": "buster"}, "buster/updates"),
        ({"Suite": "", "Codename": ""}, ""),
    ],
)
def test_another_suite_than_was_asked_for_is_refused(fields: dict[str, str], suite: str) -> None:
    assert "was asked for" in refused(release(**fields), Asked(suite=suite))


@pytest.mark.parametrize(
    "asked", [Asked(suite="bookworm", origin="Ubuntu"), Asked(suite="bookworm", label="Debian-Security")]
)
def test_another_archive_than_was_asked_for_is_refused(asked: Asked) -> None:
    assert "was asked for" in refused(release(), asked)


def test_past_valid_until_it_is_refused_unless_passed_by_name() -> None:
    stale = release(Valid_Until="Sat, 18 Jul 2026 10:16:37 UTC")

    assert "expired on 2026-07-18" in refused(stale)
    assert read(stale, allow_expired=True).valid_until
    assert read(release(Valid_Until="Tue, 21 Jul 2026 10:16:37 UTC")).valid_until


def test_a_suite_frozen_at_an_old_state_is_refused_once_that_expires() -> None:
    frozen = release(Valid_Until="Sat, 18 Jul 2026 10:16:37 UTC")
    seen = parse_release(frozen).date

    # Not older than what was seen: only the end of its validity gives it away.
    assert "expired" in refused(frozen, Asked(suite="bookworm", not_before=seen))


def test_an_older_release_than_the_last_one_is_refused() -> None:
    seen = datetime(2026, 7, 11, 10, 16, 38, tzinfo=timezone.utc)

    assert "older than the one of 2026-07-11" in refused(release(), Asked(suite="bookworm", not_before=seen))
    again = Asked(suite="bookworm", not_before=seen - timedelta(seconds=1))
    assert read_release(release(), again, now=NOW).date == again.not_before


def test_a_release_of_the_future_is_refused_beyond_a_clock_that_is_off() -> None:
    assert "dated in the future" in refused(release(Date="Wed, 22 Jul 2026 10:16:37 UTC"))
    assert read(release(Date="Mon, 20 Jul 2026 22:16:37 +0000")).date > NOW


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no SHA-256"),
        (release(without="SHA256"), "no SHA-256"),
        (release(SHA256=""), "no SHA-256"),
        (release() + b"Extra: \xff\n", "not UTF-8"),
        (release(Description="x" * 100_000), "100013 characters"),
        (release(without="Date"), "no date"),
        (release(Date="soon"), "no date"),
        (release(Date="Sat, 99 Jul 99999 10:16:37 UTC"), "no date"),
        (release(Valid_Until="never"), "no date"),
        (release() + b"Suite: trixie\n", "stands in it twice"),
        (release() + b"<html>\n", "is no field"),
        (release(SHA256=f"\n {'0' * 40} 850 main/binary-armhf/Packages.xz"), "no hash, size and path"),
        (release(SHA256=f"\n {XZ} -1 main/binary-armhf/Packages.xz"), "no hash, size and path"),
        (release(SHA256=f"\n {XZ} 850"), "no hash, size and path"),
        (release(SHA256=f"\n {XZ} 850 ../../etc/passwd"), "leads out"),
        (release(SHA256=f"\n {XZ} 850 /etc/passwd"), "leads out"),
    ],
)
def test_what_is_no_good_release_file_is_refused(content: bytes, reason: str) -> None:
    assert reason in refused(content)
