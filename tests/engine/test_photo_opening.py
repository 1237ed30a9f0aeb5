"""What opening a photograph does, and in which order: it is seen first, and nothing is decoded or searched twice."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from faceeditor.engine import JobContext
from faceeditor.engine.lanes import JobHandle
from faceeditor.engine.photo_edit import FindBoxes, FindFace, LoadPhotograph, OpenedPhotograph, OpenPhotograph
from faceeditor.images import vips
from faceeditor.images.source import read_source
from faceeditor.photo import detect, parse, prepare, read
from faceeditor.photo.detect import FaceBox
from faceeditor.photo.face import PhotoFace
from faceeditor.photo.prepare import PreparedPhoto
from faceeditor.portrait.style import StyleCode
from tests.photo.people import found_person, person

BOXES = (FaceBox(120.0, 150.0, 240.0, 290.0, 1.05), FaceBox(5.0, 5.0, 40.0, 40.0, 0.9))


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What happens, in order; the networks know the rendered person's answers."""
    happened: list[str] = []
    shown = person()

    def prepared(picture: Any, face: int = 0, step: Any = None, quick: bool = False) -> PreparedPhoto:
        happened.append("large faces" if quick else "all faces")
        aligned = np.ascontiguousarray(shown.picture[80:336, 50:306])
        faces = BOXES[:1] if quick else BOXES
        return PreparedPhoto(aligned, shown.mask, faces, shown.square, "", complete=not quick)

    def decoded(image: Any, name: str) -> Any:
        happened.append("decoded")
        return samples_of(image, name)

    samples_of = vips.samples_of
    find, find_later = PhotoFace.find.__func__, PhotoFace.find_later.__func__  # type: ignore[attr-defined]

    def noted(name: str, call: Any) -> Any:
        return classmethod(lambda cls, *args: happened.append(name) or call(cls, *args))

    monkeypatch.setattr(vips, "samples_of", decoded)
    monkeypatch.setattr(prepare, "prepare_photo", prepared)
    monkeypatch.setattr(parse, "parse_photo", lambda photo: shown.mask)
    monkeypatch.setattr(read, "read_head", lambda *args: SimpleNamespace(head=shown.head))
    monkeypatch.setattr(detect, "detect_faces", lambda *args: happened.append("all faces") or BOXES)
    monkeypatch.setattr(PhotoFace, "find", noted("person", find))
    monkeypatch.setattr(PhotoFace, "find_later", noted("person later", find_later))
    return happened


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    import cv2

    path = tmp_path / "photo.png"
    assert cv2.imwrite(str(path), person().picture[..., ::-1])
    return path


def context() -> JobContext:
    nothing: Any = lambda *_: None  # noqa: E731
    return JobContext(JobHandle(), nothing, lambda *_: StyleCode.zeros("a"), nothing, nothing, nothing)


def opened(photo: Path, events: list[str]) -> OpenedPhotograph:
    return OpenPhotograph(photo, 0, lambda pixels: events.append(f"seen {pixels.shape}")).run(context())


def test_a_photograph_is_seen_before_anything_is_searched(events: list[str], photo: Path) -> None:
    result = opened(photo, events)
    assert events == ["decoded", "seen (400, 360, 3)", "large faces", "person later"]
    assert not result.complete and len(result.boxes) == 1
    (face,) = result.faces.values()
    np.testing.assert_array_equal(face.matte.alpha, found_person().matte.alpha)


def test_all_faces_are_found_afterwards(events: list[str], photo: Path) -> None:
    result = opened(photo, events)
    found = FindBoxes(result.source).run(context())
    assert events[-1] == "all faces" and events.count("decoded") == 1
    assert found.boxes == tuple(box[:4] for box in BOXES)
    assert found.note == "The picture shows 2 faces; the largest was taken."


def test_a_saved_portrait_needs_no_search(events: list[str], photo: Path) -> None:
    state = opened(photo, events).state
    events.clear()
    again = LoadPhotograph(state, lambda pixels: events.append("seen")).run(context())
    assert events == ["decoded", "seen", "person later"]
    assert again.boxes == (BOXES[0][:4],) and not again.complete


def test_the_command_line_knows_all_faces_and_the_person(events: list[str], photo: Path) -> None:
    found = FindFace(read_source(photo)).run(context())
    assert events == ["decoded", "all faces", "person"]
    assert found.complete and len(found.boxes) == 2 and found.photo.person.done()


def test_pixels_that_are_srgb_are_not_copied(events: list[str], photo: Path) -> None:
    source = read_source(photo)
    assert np.shares_memory(source.srgb, source.samples) and not source.srgb.flags.writeable
    wide = replace(source, samples=(source.samples.astype(np.uint16) * 257))
    assert wide.srgb.dtype == np.uint8 and not np.shares_memory(wide.srgb, wide.samples)
