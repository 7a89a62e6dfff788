"""A folder has OpenSSL where openssl-sys finds headers and both libraries in it."""

from pathlib import Path

import pytest

from xprov.project.openssl import lacks_openssl

TRIPLE = "armv7-unknown-linux-gnueabihf"
HEADER = "include/openssl/opensslv.h"
SHARED = ("lib/libssl.so", "lib/libcrypto.so")


@pytest.mark.parametrize(
    ("files", "environ", "lacks"),
    [
        ((HEADER, *SHARED), {}, False),
        ((HEADER, "lib64/libssl.a", "lib/libcrypto.a"), {}, False),
        # As Debian's /usr is: the libraries lie in a folder of the architecture.
        ((HEADER, "lib/x86_64-linux-gnu/libssl.so", "lib/x86_64-linux-gnu/libcrypto.so"), {}, True),
        ((HEADER, "lib/libssl.so"), {}, True),
        ((HEADER, "lib/libssl.so", "lib/libcrypto.a"), {}, True),
        (("include/other.h", *SHARED), {}, False),
        (SHARED, {}, True),
        ((), {}, True),
        ((HEADER,), {"OPENSSL_LIB_DIR": "/x"}, False),
        ((HEADER,), {"ARMV7_UNKNOWN_LINUX_GNUEABIHF_OPENSSL_LIB_DIR": "/x"}, False),
        (SHARED, {"OPENSSL_INCLUDE_DIR": "/x"}, False),
        ((), {"OPENSSL_INCLUDE_DIR": "/x", "OPENSSL_LIB_DIR": "/x"}, False),
        ((HEADER,), {"OPENSSL_STATIC": "1"}, False),
    ],
)
def test_a_folder_lacks_openssl(
    tmp_path: Path, files: tuple[str, ...], environ: dict[str, str], *, lacks: bool
) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    assert lacks_openssl(tmp_path, environ, TRIPLE) is lacks
