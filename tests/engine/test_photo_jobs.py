"""Jobs that read photographs: what they hand on, their progress, their errors."""

import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from faceeditor.engine import EmbedPhoto, Engine, PhotoReading, ReadHead, ReadPhoto
from faceeditor.errors import Cancelled, EngineError, ImageError
from faceeditor.photo.detect import FaceBox
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.style import StyleCode
from tests.engine.fakes import Answers, FakeGenerator
from tests.engine.heads import FakeHeads, turned
from tests.patience import WAIT

PHOTO = np.full((256, 256, 3), 90, np.uint8)
MASK = np.full((256, 256), 1, np.uint8)


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A photograph with one face and a head at 12 degrees; embedding that adds one to the overall code."""
    asked = SimpleNamespace(refine=[], masks=[], maps=[], steps=[])

    def prepare_photo(picture: np.ndarray, face: int, step: object) -> SimpleNamespace:
        step(0.5, "Aligning the face")  # type: ignore[operator]
        if picture.max() == 0:
            raise ImageError("No face was found in the picture; choose another.")
        boxes = (FaceBox(1, 2, 3, 4, 0.9),)
        return SimpleNamespace(photo=PHOTO, mask=MASK, seen_mask=MASK, faces=boxes, note=f"face {face}")

    def read_head(picture: np.ndarray, refine: int, step: object, mask: object = None) -> SimpleNamespace:
        asked.refine.append(refine)
        asked.masks.append(mask)
        step(0.5, "Fitting the head")  # type: ignore[operator]
        return SimpleNamespace(head=turned(12))

    def embed(photo, mask, style, maps, steps, step):  # type: ignore[no-untyped-def]
        asked.maps.append(maps)
        for index in range(steps):
            step(index / steps, "Step", np.zeros((128, 128, 3), np.uint8) if index % 10 == 0 else None)
        return StyleCode(style.regions, style.overall + 1, style.detail, style.label)

    monkeypatch.setattr("faceeditor.photo.prepare.prepare_photo", prepare_photo)
    monkeypatch.setattr("faceeditor.photo.read.read_head", read_head)
    monkeypatch.setattr("faceeditor.generators.embed.embed", embed)
    return asked


def run(job: object, answers: Answers) -> None:
    generator = FakeGenerator()
    with Engine("openvino-cpu", opener=lambda _: generator, heads=FakeHeads()) as engine:
        engine.run(job, answers.on_progress, answers.on_done, answers.on_error)  # type: ignore[arg-type]
        answers.wait(lambda: answers.results or answers.errors)


def test_read_head(stand_ins: SimpleNamespace) -> None:
    answers = Answers()
    run(ReadHead(PHOTO), answers)
    assert isinstance(answers.results[0], HeadCoefficients) and answers.results[0].pose[0] == 12
    assert stand_ins.refine == [8]
    with pytest.raises(EngineError, match="256 x 256"):
        ReadHead(np.zeros((64, 64, 3), np.uint8))


def test_read_photo(stand_ins: SimpleNamespace) -> None:
    answers = Answers()
    run(ReadPhoto(PHOTO, face=2, label="Ann"), answers)
    reading = answers.results[0]
    assert isinstance(reading, PhotoReading) and reading.head.pose[0] == 12 and reading.style.label == "Ann"
    assert reading.photo is PHOTO and reading.mask is MASK and stand_ins.masks[0] is MASK
    assert reading.note == "face 2" and reading.faces == ((1, 2, 3, 4),)
    shares = [share for share, _ in answers.progress]
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1


def test_embed_photo_optimises_with_the_heads_maps(stand_ins: SimpleNamespace) -> None:
    answers, pictures = Answers(), []
    run(EmbedPhoto(PHOTO, steps=25, preview=pictures.append), answers)
    reading = answers.results[0]
    assert reading.style.overall[0] == 1 and reading.style.label == "photo" and reading.head.pose[0] == 12
    assert stand_ins.maps[0].shape == (10, 128, 128) and (stand_ins.maps[0] == 12).all()
    assert len(pictures) == 3 and pictures[0].shape == (256, 256, 3) and not pictures[0].flags.writeable
    shares = [share for share, _ in answers.progress]
    assert shares == sorted(shares) and shares[-1] > 0.9


def test_embedding_is_cancelled_between_steps() -> None:
    answers = Answers()
    generator = FakeGenerator()
    with Engine("openvino-cpu", opener=lambda _: generator, heads=FakeHeads()) as engine:
        box: list = []
        begun = threading.Event()

        def preview(picture: np.ndarray) -> None:
            assert begun.wait(WAIT)
            box[0].cancel()

        job = EmbedPhoto(PHOTO, steps=400, preview=preview)
        box.append(engine.run(job, answers.on_progress, answers.on_done, answers.on_error))
        begun.set()
        answers.wait(lambda: answers.errors)
    assert isinstance(answers.errors[0], Cancelled) and not answers.results


def test_errors_are_handed_on(tmp_path: Path) -> None:
    for source in (np.zeros((9, 9, 3), np.uint8), tmp_path / "none.jpg"):
        answers = Answers()
        run(ReadPhoto(source), answers)
        assert isinstance(answers.errors[0], ImageError)
    for steps in (0, 100_000):
        with pytest.raises(EngineError, match="steps"):
            EmbedPhoto(PHOTO, steps=steps)
