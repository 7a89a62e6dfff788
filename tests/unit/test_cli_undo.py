"""What `xprov undo` says where it has nothing to put back."""

from pathlib import Path

import pytest
from tests.unit.commands import Xprov


def test_who_would_undo_a_sysroot_is_told_that_it_is_a_folder(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XPROV_HOME", str(tmp_path))
    (tmp_path / "loong64").mkdir()
    (tmp_path / "loong64/provision.json").write_text("{}")

    seen = Xprov(capsys=capsys)("undo", "loong64")

    assert seen.code == 2
    assert f"`{tmp_path}/loong64`, which can be removed" in seen.err
