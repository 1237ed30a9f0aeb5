"""Check a folder of hard inputs (mask, photo, face, state; see its README) and print what came out of each.

    python -m tests.reliability.check_cases FOLDER

The tests have equivalents of all of them that are made on the spot; this is for the files themselves.
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from faceeditor.errors import FaceEditorError

Outcome = tuple[bool, str]


def check_mask(path: Path) -> Outcome:
    """A mask against the expected one; the photograph must be refused."""
    from faceeditor.portrait.masks import load_mask

    sample = "02" if path.name.startswith(("readme_order", "grey_labels")) else "12"
    expected = np.asarray(Image.open(path.parent / f"expected_for_sample{sample}_cases.png")).copy()
    if "erased_top" in path.name:
        expected[:128] = 0
    if "4bit" in path.name:
        expected[expected > 15] = 0
    try:
        reading = load_mask(path)
    except FaceEditorError as error:
        return path.name.startswith("portrait"), str(error)
    same = float((reading.mask == expected).mean())
    return same > 0.999 and not path.name.startswith("portrait"), f"{same:.3%} as expected. {reading.note}"


def check_photo(path: Path) -> Outcome:
    """Decoded pixels against those of face/whole.png."""
    from faceeditor.images import open_picture

    mode = "L" if "grey" in path.name else "RGB"
    whole = Image.open(path.parents[1] / "face" / "whole.png").convert(mode).convert("RGB")
    off = float(np.abs(open_picture(path).astype(int) - np.asarray(whole)).mean())
    return off < (2.0 if path.suffix == ".avif" else 0.2), f"mean difference {off:.3f}"


def check_face(path: Path) -> Outcome:
    """How many faces are found, and that the aligned one is one face."""
    import cv2

    from faceeditor.images import open_picture
    from faceeditor.photo.prepare import prepare_photo
    from faceeditor.regions import Region

    wanted = 2 if path.name.startswith("two") else 1
    prepared = prepare_photo(open_picture(path))
    _, _, facts, _ = cv2.connectedComponentsWithStats((prepared.mask == Region.NOSE).astype(np.uint8))
    noses = int((facts[1:, cv2.CC_STAT_AREA] > 100).sum())
    found = len(prepared.faces)
    return found == wanted and noses == 1, f"{found} faces, {noses} nose(s) in the first. {prepared.note}"


def check_state(path: Path) -> Outcome:
    """Small files of the program, and one large picture."""
    from faceeditor.engine import devices
    from faceeditor.fileio import take_reports
    from faceeditor.gui.settings import recent_files
    from faceeditor.head.presets import presets
    from faceeditor.images import open_picture
    from faceeditor.interaction.head_values import group_from_text, group_of_text
    from faceeditor.paths import cache_dir, state_dir
    from faceeditor.portrait import autosave, store
    from faceeditor.portrait.head import HeadCoefficients

    if path.suffix == ".fep":
        return refused(lambda: store.load(path))
    if path.suffix == ".png":
        start = time.monotonic()
        picture = open_picture(path)
        return True, f"{picture.shape[1]} x {picture.shape[0]} in {time.monotonic() - start:.1f} s"
    if path.name == "device.json":
        shutil.copy(path, cache_dir() / devices._CHOICE_FILE)
        return devices._remembered() is None, " ".join(take_reports())
    if path.suffix == ".lock":
        shutil.copy(path, autosave.autosave_dir() / "9-dead.lock")
        return autosave.recoverable() == [], "counts as a run that is gone"
    if path.suffix == ".ini":
        shutil.copy(path, state_dir() / "window.ini")
        return recent_files() == [], "is not read"
    if path.name.startswith("clipboard"):
        text = path.read_text()
        group = group_of_text(text)
        return (
            (True, "holds no group")
            if group is None
            else refused(lambda: group_from_text(group, text, HeadCoefficients.neutral()))
        )
    folder = state_dir() / "presets" / "expression"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, folder)
    told: list[FaceEditorError] = []
    return len(presets("expression", told.append)) > 0 and len(told) == 1, str(told[0]) if told else "taken"


def refused(call: Callable[[], object]) -> Outcome:
    """Whether a call ends with a sentence."""
    try:
        call()
    except FaceEditorError as error:
        return True, str(error)
    return False, "was accepted"


def main() -> int:
    """Check every file; 1 if one came out wrong."""
    checks = {"mask": check_mask, "photo": check_photo, "face": check_face, "state": check_state}
    wrong = 0
    with tempfile.TemporaryDirectory() as home:
        for name in ("STATE", "CACHE"):
            os.environ[f"FACEEDITOR_{name}"] = str(Path(home, name))
        for path in sorted(Path(sys.argv[1]).glob("*/*")):
            if path.parent.name not in checks or path.name.startswith("expected"):
                continue
            try:
                right, what = checks[path.parent.name](path)
            except Exception as error:
                right, what = False, f"{type(error).__name__}: {error}"
            wrong += not right
            print("right" if right else "WRONG", f"{path.parent.name}/{path.name}:", what)
    print(f"{wrong} wrong")
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())
