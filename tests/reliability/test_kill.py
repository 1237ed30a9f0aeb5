"""A run that is killed at any moment loses no saved file and no more than what came after the last snapshot."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from faceeditor.portrait import autosave, store

_SCRIPT = """
import sys
from pathlib import Path
import numpy as np
from faceeditor.export import write_picture
from faceeditor.portrait import store
from faceeditor.portrait.autosave import Autosave
from faceeditor.portrait.document import Portrait, SetTruncation
from faceeditor.portrait.style import StyleCode

folder = Path(sys.argv[1])
portrait = Portrait(np.zeros((256, 256), np.uint8), StyleCode.zeros("A"))
saver = Autosave(interval=0.01)
preview = np.random.default_rng(0).integers(0, 255, (256, 256, 3), dtype=np.uint8)
for number in range(1, 1_000_000):
    portrait.apply(SetTruncation(number % 1000 / 1000))
    saver.snapshot(portrait, preview)
    if number % 3 == 0:
        store.save(portrait, folder / "anna.fep", preview)
        print(number, flush=True)  # what was promised
    if number % 5 == 0:
        write_picture(folder / "anna.png", preview)
"""


def test_killed_runs_lose_nothing_that_was_saved(tmp_path: Path, runs) -> None:
    random = np.random.default_rng(11)
    for _ in range(runs(6, 1000)):
        run = subprocess.Popen(
            [sys.executable, "-c", _SCRIPT, str(tmp_path)], stdout=subprocess.PIPE, text=True, bufsize=1
        )
        assert run.stdout is not None
        assert run.stdout.readline(), "it saves"
        time.sleep(float(random.uniform(0, 0.4)))
        run.kill()
        promised = [int(line) for line in run.stdout.read().splitlines() if line.strip().isdigit()]
        run.wait()
        kept = store.load(tmp_path / "anna.fep")
        if promised:
            # The save after the last promise may have been finished before it could be told.
            wanted = {number % 1000 / 1000 for number in (promised[-1], promised[-1] + 3)}
            assert any(abs(kept.truncation - value) < 1e-9 for value in wanted)
        picture = tmp_path / "anna.png"
        if picture.exists():
            with Image.open(picture) as image:
                image.load()
        for entry in autosave.recoverable():
            autosave.restore(entry)
            autosave.discard(entry)
    # One more save clears what the killed ones left half written.
    store.save(kept, tmp_path / "anna.fep")
    assert not list(tmp_path.glob(".anna.fep.*.part"))
    assert not list(autosave.autosave_dir().glob(".*.part"))
