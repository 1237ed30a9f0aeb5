"""A full disk: one sentence, the old file as it was, nothing half written, and the recovered portrait not given up."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from faceeditor.errors import FaceEditorError
from faceeditor.export import write_picture
from faceeditor.export.video import write_video
from faceeditor.portrait import autosave, store
from faceeditor.portrait.document import Portrait
from faceeditor.portrait.style import StyleCode

folder = Path(sys.argv[1])
noise = np.random.default_rng(0).integers(0, 255, (256, 256, 3), dtype=np.uint8)
mask = np.random.default_rng(1).integers(0, 19, (256, 256), dtype=np.uint8)
portrait = Portrait(mask, StyleCode.zeros("A"))
store.save(portrait, autosave.autosave_dir() / "1-old.fep")
write_picture(folder / "face.png", noise[:8, :8])
before = (folder / "face.png").read_bytes()

# No file may grow beyond this; the write that tries to fails as it does on a full disk.
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
errors = []
for write in (
    lambda: write_picture(folder / "face.png", noise),
    lambda: write_picture(folder / "face.jpg", noise),
    lambda: store.save(portrait, folder / "anna.fep"),
    lambda: write_video(folder / "face.webp", [noise] * 2, 25, 2),
):
    try:
        write()
    except FaceEditorError as error:
        errors.append(str(error))
(entry,) = autosave.recoverable()
told = []
saver = autosave.Autosave(interval=0.0, on_error=told.append)
assert not saver.take_over(entry, autosave.restore(entry))
assert entry.file.exists() and len(told) == 1
saver.close()
assert (folder / "face.png").read_bytes() == before
assert sorted(path.name for path in folder.iterdir()) == ["face.png"], list(folder.iterdir())
assert len(errors) == 4 and all("was not written" in error and error.endswith(".") for error in errors), errors
print("nothing is lost")
"""


@pytest.mark.skipif(os.name == "nt", reason="file sizes cannot be limited")
def test_nothing_is_lost_on_a_full_disk(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", _SCRIPT, str(tmp_path)], capture_output=True, text=True, check=False)
    assert "nothing is lost" in ended.stdout, ended.stderr[-2000:]
