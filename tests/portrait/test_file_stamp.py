"""Whether somebody else wrote a file since it was looked at."""

import os
from pathlib import Path

from faceeditor.portrait.file_stamp import FileStamp


def test_a_file_is_changed_by_size_time_and_replacement(tmp_path: Path) -> None:
    file = tmp_path / "anna.fep"
    assert FileStamp.of(file) is None
    file.write_bytes(b"one")
    os.utime(file, ns=(5, 5))
    stamp = FileStamp.of(file)
    assert stamp is not None and not stamp.was_changed(file)
    copy = tmp_path / "copy.fep"
    copy.write_bytes(b"longer")
    assert not stamp.was_changed(copy), "it says nothing of other files"
    file.write_bytes(b"longer")
    os.utime(file, ns=(5, 5))
    assert stamp.was_changed(file), "another size"
    file.write_bytes(b"two")
    os.utime(file, ns=(5, 6))
    assert stamp.was_changed(file), "another time"
    (tmp_path / "other").write_bytes(b"two")
    os.utime(tmp_path / "other", ns=(5, 5))
    (tmp_path / "other").replace(file)
    assert stamp.was_changed(file), "another file in its place"
    file.unlink()
    assert not stamp.was_changed(file), "what is gone can not be lost"
