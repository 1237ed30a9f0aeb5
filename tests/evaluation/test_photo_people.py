"""People of photographs whom a recogniser is tried on: the photograph itself, and its own pixels with other heads."""

from pathlib import Path

import numpy as np
import pytest

from faceeditor.engine import Frame
from faceeditor.engine.attribute_photo import FaceInPhoto
from faceeditor.errors import FaceEditorError
from faceeditor.evaluation import photo_people
from faceeditor.evaluation.photo_people import PhotographRenderer, photographed_people, photographs_of
from faceeditor.identity.people import HeadChanges
from faceeditor.identity.strangers import changed_people
from faceeditor.identity.variation import Variation
from faceeditor.photo.placement import inner
from faceeditor.portrait.state import FaceState
from faceeditor.portrait.style import StyleCode
from tests.identity.people import ShapePrior
from tests.photo.people import found_person


def draw(request: object) -> Frame:
    return Frame(0, np.full((256, 256, 3), 80, np.uint8), "torch-cpu")


def somebody() -> tuple[Variation, PhotographRenderer]:
    photo, style = found_person(), StyleCode.zeros("a")
    portrait = Variation(photo.mask, style, photo.head, photo.head)
    face = FaceState(photo.mask, style, 1.0, photo.head, photo.head)
    return portrait, PhotographRenderer(FaceInPhoto(photo, face), draw)


def test_the_first_picture_is_the_photograph_and_the_others_are_moved() -> None:
    strangers = changed_people([somebody(), somebody()], 3, method=HeadChanges(ShapePrior()))  # type: ignore[arg-type]
    assert strangers.persons.tolist() == [0, 0, 0, 1, 1, 1]
    own = np.asarray(inner(found_person().wide))
    first, *others = (picture.pixels for picture in strangers.pictures[:3])
    np.testing.assert_array_equal(first, own)
    for other in others:
        moved = (other != own).any(-1)
        assert moved[100:180, 90:170].mean() > 0.3  # the face
        assert not moved[:8].any()  # and not the background above the hair
    assert not np.array_equal(others[0], others[1])
    # The two of one person differ from one another as their frames say.
    assert not np.allclose(strangers.pictures[1].frame, strangers.pictures[2].frame)


def test_a_folder_of_photographs(tmp_path: Path) -> None:
    for name in ("b.JPG", "a.png", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in photographs_of(tmp_path)] == ["a.png", "b.JPG"]
    (tmp_path / "a.png").unlink()
    with pytest.raises(FaceEditorError, match="fewer than two photographs"):
        photographs_of(tmp_path)
    with pytest.raises(FaceEditorError, match="no folder"):
        photographs_of(tmp_path / "none")
    (tmp_path / "index.csv").write_text("id,split_group\n")
    assert photographs_of(tmp_path) == []  # a face data set lists its own


def test_photographs_that_cannot_be_used_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"no picture")
    monkeypatch.setattr(photo_people, "_people", lambda found, draw: iter([somebody() for _ in found]))
    told: list[str] = []
    with pytest.raises(FaceEditorError, match="Fewer than two photographs"):
        photographed_people(tmp_path, 2, told.append)
    assert len(told) == 2 and told[0].startswith("a.png is left out")
