"""Long work: handles and memory stay as they are; failing generators cost no request."""

import gc
from pathlib import Path

import numpy as np
import psutil
import pytest

from faceeditor.errors import EngineError, FaceEditorError
from faceeditor.portrait.autosave import Autosave
from faceeditor.portrait.document import Portrait, SetTruncation
from faceeditor.portrait.masks import read_mask, write_mask
from faceeditor.portrait.style import StyleCode
from tests.engine.fakes import FakeGenerator
from tests.generators import tiny


def handles() -> int:
    """Open files, pipes and sockets of this process."""
    process = psutil.Process()
    return process.num_handles() if hasattr(process, "num_handles") else process.num_fds()


def test_painting_and_saving_leave_nothing_behind(tmp_path: Path, runs) -> None:
    portrait = Portrait(tiny.face_mask(), StyleCode.zeros("A"))
    saver = Autosave(interval=0.0, folder=tmp_path)
    rounds = runs(150, 20_000)
    at_start = 0
    for number in range(rounds):
        portrait.begin_stroke("Brush")
        place = number * 7 % 240
        portrait.paint((place, place, 8, 8), np.full((8, 8), number % 19, np.uint8))
        portrait.commit_stroke()
        portrait.apply(SetTruncation(number % 10 / 10))
        if number % 10 == 0:
            saver.snapshot(portrait)
            assert saver.flush(60.0)
            write_mask(tmp_path / "mask.png", np.asarray(portrait.mask))
            read_mask(tmp_path / "mask.png", "ours")
            for _ in range(3):
                portrait.undo()
        if number == rounds // 3:
            at_start = handles()
    saver.close()
    gc.collect()
    assert handles() <= at_start + 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mask.png"]


def test_injected_failures_cost_no_request_and_double_none(
    runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from faceeditor.engine import Engine
    from tests.engine.test_engine import request

    class Failing(FakeGenerator):
        def __init__(self) -> None:
            super().__init__()
            self.calls = 0

        def render(self, mask, style, size=256, maps=None):
            self.calls += 1
            if self.calls % 7 == 3:
                raise EngineError("Injected.")
            return super().render(mask, style, size, maps)

    monkeypatch.setenv("FACEEDITOR_MODELS", str(tmp_path / "no models"))
    generator = Failing()
    count = runs(200, 10_000)
    frames: list[int] = []
    failures: list[FaceEditorError] = []
    with Engine("openvino-cpu", opener=lambda device: generator) as engine:
        for number in range(count):
            region = number % 19
            try:
                frame = engine.render(request(number, region))
            except FaceEditorError as error:
                failures.append(error)
            else:
                frames.append(frame.revision)
                assert frame.revision == number and (frame.pixels == region * 10).all()
    assert len(frames) + len(failures) == count and len(frames) == len(set(frames))
    assert failures and all(str(error).endswith(".") for error in failures)
