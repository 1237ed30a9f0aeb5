"""What the command line never does to files that it reads, and masks of other programs through it."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faceeditor import cli
from faceeditor.portrait.mask_labels import REGION_OF_LABEL
from faceeditor.portrait.masks import read_mask, write_mask
from tests.generators import tiny


@pytest.fixture
def mask_file(tmp_path: Path, tiny_models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mask beside nothing else, with the small models in place."""
    monkeypatch.setenv("FACEEDITOR_MODELS", str(tiny_models))
    write_mask(tmp_path / "mask.png", tiny.face_mask())
    return tmp_path / "mask.png"


@pytest.mark.parametrize("reached_by", ["name", "other name", "link", "hard link"])
def test_an_output_that_is_an_input_is_refused(
    mask_file: Path, reached_by: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = mask_file.read_bytes()
    out = mask_file
    if reached_by == "other name":
        out = mask_file.parent / "." / ".." / mask_file.parent.name / mask_file.name
    elif reached_by == "link":
        out = mask_file.with_name("link.png")
        out.symlink_to(mask_file)
    elif reached_by == "hard link":
        out = mask_file.with_name("hard.png")
        os.link(mask_file, out)
    assert cli.main(["render", str(mask_file), "-o", str(out)]) == 1
    error = capsys.readouterr().err
    assert "written over" in error and error.strip().endswith(".") and "Traceback" not in error
    assert mask_file.read_bytes() == before


def test_a_style_photograph_is_not_written_over(mask_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo = mask_file.with_name("p.jpg")
    Image.new("RGB", (64, 64)).save(photo)
    before = photo.read_bytes()
    assert cli.main(["render", str(mask_file), "--style", str(photo), "-o", str(photo)]) == 1
    assert "written over" in capsys.readouterr().err and photo.read_bytes() == before


def test_numbered_outputs_are_not_written_over_an_input(mask_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    numbered = mask_file.with_name("people-2.png")
    numbered.write_bytes(mask_file.read_bytes())
    before = numbered.read_bytes()
    out = mask_file.with_name("people.png")
    assert cli.main(["render", str(numbered), "-o", str(out), "--count", "3"]) == 1
    assert "people-2.png" in capsys.readouterr().err
    assert numbered.read_bytes() == before and not mask_file.with_name("people-1.png").exists()


def test_inspect_is_told_the_order_of_the_labels(mask_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = mask_file.with_name("other.png")
    label_of = np.argsort(REGION_OF_LABEL["celebamask"]).astype(np.uint8)
    Image.fromarray(label_of[read_mask(mask_file)[0]]).save(other)
    assert cli.main(["inspect", str(other)]) == 0
    found = capsys.readouterr().out
    assert "celebamask" in found and "converted" in found
    assert cli.main(["inspect", str(other), "--labels", "bisenet"]) == 0
    assert "converted" not in capsys.readouterr().out


def test_a_folder_of_masks_is_converted(mask_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = mask_file.with_name("labels")
    folder.mkdir()
    label_of = np.argsort(REGION_OF_LABEL["celebamask"]).astype(np.uint8)
    Image.fromarray(label_of[read_mask(mask_file)[0]]).save(folder / "a.png")
    (folder / "b.png").write_text("no picture")
    out = mask_file.with_name("converted")
    assert cli.main(["masks", str(folder), "--out", str(out)]) == 1
    printed = capsys.readouterr()
    assert "1 masks, 1 refused" in printed.out and "b.png" in printed.err
    assert np.array_equal(read_mask(out / "a.png")[0], read_mask(mask_file)[0])
    assert cli.main(["masks", str(folder), "--out", str(folder)]) == 1
    assert "input folder" in capsys.readouterr().err
    assert cli.main(["masks", str(mask_file), "--out", str(out)]) == 1
    assert "no folder" in capsys.readouterr().err
