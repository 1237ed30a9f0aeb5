"""A run that is killed at any moment loses no saved file and no more than what came after the last snapshot."""

import time
from pathlib import Path

import numpy as np
from PIL import Image

from faceeditor.portrait import autosave, store
from tests.patience import WAIT
from tests.reliability.children import Child, save_forever, work_in_the_window


def check_picture(path: Path) -> None:
    """What was exported can be read to its end."""
    if path.exists():
        with Image.open(path) as image:
            image.load()


def test_killed_runs_lose_nothing_that_was_saved(tmp_path: Path, runs) -> None:
    random = np.random.default_rng(11)
    for _ in range(runs(6, 1000)):
        child = Child(save_forever, tmp_path)
        child.wait_for(WAIT)
        time.sleep(float(random.uniform(0, 0.4)))
        promised = [number for _, _, number in child.kill()[1]]
        kept = store.load(tmp_path / "anna.fep")
        # The save after the last promise may have been finished before it could be told.
        wanted = {number % 1000 / 1000 for number in (promised[-1], promised[-1] + 3)}
        assert any(abs(kept.truncation - value) < 1e-9 for value in wanted)
        check_picture(tmp_path / "anna.png")
        for entry in autosave.recoverable():
            autosave.restore(entry)
            autosave.discard(entry)
    # One more save clears what the killed ones left half written.
    store.save(kept, tmp_path / "anna.fep")
    assert not list(tmp_path.glob(".anna.fep.*.part"))
    assert not list(autosave.autosave_dir().glob(".*.part"))


def test_the_killed_window_loses_at_most_what_came_after_its_snapshot(tmp_path: Path, runs, record_property) -> None:
    random = np.random.default_rng(12)
    longest, recovered = 0.0, 0
    for _ in range(runs(2, 155)):
        child = Child(work_in_the_window, tmp_path)
        child.wait_for(WAIT)
        time.sleep(float(random.uniform(0, 5)))
        killed_at, told = child.kill()
        numbers = {what: [number for _, kind, number in told if kind == what] for what in ("saved", "snapshot")}
        saved = 0
        if (tmp_path / "anna.fep").exists():
            saved = round(store.load(tmp_path / "anna.fep").truncation * 1000)
        # What was told is on the disk; the newest may be there and not have been told yet.
        assert saved >= max(numbers["saved"], default=0)
        check_picture(tmp_path / "anna.png")
        kept = saved
        for entry in autosave.recoverable():
            kept = max(kept, round(autosave.restore(entry).truncation * 1000))
            recovered += 1
            autosave.discard(entry)
        assert kept >= max(numbers["snapshot"] + numbers["saved"], default=0)
        lost = [at for at, kind, number in told if kind == "changed" and number > kept]
        longest = max(longest, killed_at - min(lost, default=killed_at))
        (tmp_path / "anna.fep").unlink(missing_ok=True)
    record_property("recovered", recovered)
    record_property("seconds lost at most", round(longest, 2))
    print(f"recovered {recovered}, lost at most {longest:.2f} s")
    assert longest <= autosave.INTERVAL + WAIT  # how long a write takes is the machine's affair
