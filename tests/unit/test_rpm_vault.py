"""CentOS after its end: what its own files name is gone, and the vault has it."""

import pytest

from xprov.rpm.vault import vaulted, written

SEVEN = """\
[base]
name=CentOS-$releasever - Base
mirrorlist=http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo=os&infra=$infra
#baseurl=http://mirror.centos.org/{folder}/$releasever/os/$basearch/
gpgcheck=1
gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7

#additional packages that may be useful
[extras]
name=CentOS-$releasever - Extras
mirrorlist=http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo=extras&infra=$infra
#baseurl=http://mirror.centos.org/{folder}/$releasever/extras/$basearch/
gpgcheck=1
exclude=kernel*
"""
EIGHT = """\
[baseos]
name=CentOS Linux $releasever - BaseOS
mirrorlist=http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo=BaseOS&infra=$infra
#baseurl=http://mirror.centos.org/$contentdir/$releasever/BaseOS/$basearch/os/
gpgcheck=1
enabled=1
"""
IMAGE = """\
[base]
name=CentOS-$releasever - Base
#mirrorlist=http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo=os
baseurl=https://vault.centos.org/centos/$releasever/os/$basearch/
gpgcheck=1
"""
EPEL = "[epel]\nname=EPEL\nmetalink=https://mirrors.fedoraproject.org/metalink?repo=epel-7&arch=$basearch\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SEVEN.format(folder="centos"), "http://vault.centos.org/centos/$releasever/os/$basearch/"),
        # i386, which the image of 32-bit x86 is made of, arm64 and ppc64le.
        (SEVEN.format(folder="altarch"), "http://vault.centos.org/altarch/$releasever/extras/$basearch/"),
        (EIGHT, "http://vault.centos.org/$contentdir/$releasever/BaseOS/$basearch/os/"),
    ],
)
def test_hosts_that_are_gone_give_way_to_the_vault(text: str, expected: str) -> None:
    found = vaulted({"CentOS-Base.repo": text, "epel.repo": EPEL}, "amd64")

    assert found is not None
    changed = found["CentOS-Base.repo"].splitlines()
    assert f"baseurl={expected}" in changed
    assert not [line for line in changed if "mirrorlist" in line or "mirror.centos.org" in line]
    # Who is trusted, and what is left out, stays.
    assert [line for line in changed if line.startswith(("gpg", "exclude", "["))] == [
        line for line in text.splitlines() if line.startswith(("gpg", "exclude", "["))
    ]
    assert found["epel.repo"] == EPEL


@pytest.mark.parametrize("files", [{"CentOS-Base.repo": IMAGE}, {"epel.repo": EPEL}, {}])
def test_what_names_none_of_them_stays(files: dict[str, str]) -> None:
    assert vaulted(files, "arm64") is None


def test_what_seven_has_for_other_machines_lies_in_a_folder_of_its_own() -> None:
    collection = "[sclo]\nbaseurl=http://mirror.centos.org/centos/7/sclo/$basearch/rh/\n"
    files = {"base.repo": SEVEN.format(folder="altarch"), "eight.repo": EIGHT, "scl.repo": collection}

    found = vaulted(files, "arm64")

    assert found is not None
    assert "baseurl=http://vault.centos.org/altarch/7/sclo/$basearch/rh/" in found["scl.repo"]
    assert "http://vault.centos.org/altarch/$releasever/os/$basearch/" in found["base.repo"]
    assert "vault.centos.org/$contentdir/" in found["eight.repo"]


def test_an_address_that_somebody_has_given_a_repository_stays() -> None:
    own = "baseurl=http://mirror.example.org/7/os/$basearch/\n"
    text = SEVEN.format(folder="centos").replace("gpgcheck=1\ngpgkey", f"{own}gpgcheck=1\ngpgkey")

    found = vaulted({"CentOS-Base.repo": text}, "amd64")

    assert found is not None
    base, extras = found["CentOS-Base.repo"].split("[extras]")
    assert own in base
    assert "\n#baseurl=http://mirror.centos.org/" in base
    assert "\nbaseurl=http://vault.centos.org/" in extras
    assert "mirrorlist" not in base + extras


def test_files_are_written_for_as_long_as_they_are_of_use() -> None:
    files = {"a.repo": EIGHT}

    with written(files) as folder:
        assert {path.name: path.read_text() for path in folder.iterdir()} == files

    assert not folder.exists()
