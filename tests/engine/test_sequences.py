"""Turntables, morphs, sweeps, and the job that writes them as a video."""

from pathlib import Path

import av
import numpy as np
import pytest

from faceeditor.engine import Engine, RenderRequest, RenderVideo
from faceeditor.engine.sequences import morph, sweep, turntable
from faceeditor.errors import Cancelled, EngineError, FaceEditorError, PortraitError
from faceeditor.export import enlarging
from faceeditor.portrait.style import StyleCode
from tests.engine.fakes import Answers, FakeGenerator
from tests.engine.heads import FakeHeads, turned
from tests.engine.test_head_stage import disc
from tests.requests import request_of

STYLE = StyleCode.zeros()
OTHER = StyleCode(STYLE.regions + 1, STYLE.overall + 1, STYLE.detail + 1)


def portrait(yaw: float | None, style: StyleCode = STYLE, x: float = 100) -> RenderRequest:
    head = None if yaw is None else turned(yaw)
    return request_of(3, disc(x, 25, 4), style, head=head, base_head=None if head is None else turned(0))


def yaws(requests: tuple[RenderRequest, ...]) -> np.ndarray:
    return np.array([request.head.pose[0] for request in requests if request.head is not None])


def test_turntable_is_a_smooth_loop_from_where_the_head_is() -> None:
    requests = turntable(portrait(12.0), degrees=40, frames=80)
    turned_by = yaws(requests)
    assert len(turned_by) == 80 and turned_by[0] == pytest.approx(12, abs=1e-3)
    assert turned_by.max() == pytest.approx(40, abs=0.2) and turned_by.min() == pytest.approx(-40, abs=0.2)
    loop = np.append(turned_by, turned_by[0])
    assert np.abs(np.diff(loop)).max() < 40 * 2 * np.pi / 80 * 1.02  # no jump, the last step included
    assert all(request.base_head is requests[0].base_head and request.revision == 3 for request in requests)
    assert np.ptp([request.head.pose[1] for request in requests]) == pytest.approx(6, abs=0.1)


def test_morph_leads_from_one_portrait_to_the_other() -> None:
    a, b = portrait(-20, STYLE, 80), portrait(30, OTHER, 170)
    requests = morph(a, b, frames=21)
    turned_by = yaws(requests)
    assert turned_by[0] == -20 and turned_by[-1] == 30 and (np.diff(turned_by) > 0).all()
    assert turned_by[1] - turned_by[0] < 1 < turned_by[11] - turned_by[10]  # slow at the ends
    assert requests[0].style is STYLE and requests[-1].style is OTHER
    assert requests[10].style.overall[0] == pytest.approx(0.5)
    heads, generator = FakeHeads(), FakeGenerator()
    with Engine("openvino-cpu", opener=lambda _: generator, heads=heads) as engine:
        first, last = engine.render(requests[0]), engine.render(requests[-1])
        np.testing.assert_array_equal(first.mask, engine.render(a).mask)
        np.testing.assert_array_equal(last.mask, engine.render(b).mask)


@pytest.mark.parametrize("headless", ["a", "b"])
def test_morph_with_one_head_keeps_its_mask_where_it_is(headless: str) -> None:
    a, b = portrait(None if headless == "a" else -20, x=80), portrait(None if headless == "b" else 30, x=170)
    requests = morph(a, b, frames=5)
    heads, generator = FakeHeads(), FakeGenerator()
    with Engine("openvino-cpu", opener=lambda _: generator, heads=heads) as engine:
        for request, end in ((requests[0], a), (requests[-1], b)):
            np.testing.assert_array_equal(engine.render(request).mask, engine.render(end).mask)
    assert all(request.head is None for request in requests)


def test_morph_without_heads() -> None:
    requests = morph(portrait(None, STYLE, 80), portrait(None, OTHER, 170), frames=3)
    assert [request.morph.share for request in requests] == [0.0, 0.5, 1.0]


def test_sweep_sets_one_control() -> None:
    requests = sweep(portrait(5), "yaw", [-40, 0, 40])
    np.testing.assert_allclose(yaws(requests), [-40, 0, 40], atol=1e-3)
    with pytest.raises(PortraitError):
        sweep(portrait(5), "jaw_opne", [1])


def test_impossible_sequences_are_refused() -> None:
    for make in (
        lambda: turntable(portrait(None)),
        lambda: turntable(portrait(0), degrees=90),
        lambda: turntable(portrait(0), degrees=float("nan")),
        lambda: turntable(portrait(0), frames=1),
        lambda: morph(portrait(0), portrait(0), frames=100_000),
        lambda: sweep(portrait(0), "yaw", []),
        lambda: sweep(portrait(None), "yaw", [1]),
    ):
        with pytest.raises(EngineError):
            make()


def run_video(job: RenderVideo, answers: Answers, stop_at: float = 2.0) -> None:
    generator = FakeGenerator()
    generator.seconds = 0.005
    with Engine("openvino-cpu", opener=lambda _: generator, heads=FakeHeads()) as engine:
        box = []

        def progress(share: float, text: str) -> None:
            answers.on_progress(share, text)
            if share >= stop_at:
                box[0].cancel()

        generator.go_on.clear()
        box.append(engine.run(job, progress, answers.on_done, answers.on_error))
        generator.go_on.set()
        answers.wait(lambda: answers.results or answers.errors)


def test_video_job_writes_all_frames(tmp_path: Path) -> None:
    answers = Answers()
    run_video(RenderVideo(tmp_path / "a.mp4", turntable(portrait(0), frames=12), 25, 128), answers)
    assert answers.results == [tmp_path / "a.mp4"] and answers.progress[-1][0] == 1.0
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.frames == 12 and (stream.codec_context.width, stream.codec_context.height) == (128, 128)


def test_large_videos_are_drawn_at_512_and_enlarged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    enlarged = []

    def scaled_face(pixels: np.ndarray, size: int) -> np.ndarray:
        enlarged.append((len(pixels), size))
        return np.zeros((size, size, 3), np.uint8)

    monkeypatch.setattr(enlarging, "scaled_face", scaled_face)
    for size in (640, 256):
        answers = Answers()
        run_video(RenderVideo(tmp_path / "a.mp4", turntable(portrait(0), frames=3), 25, size), answers)
        with av.open(str(tmp_path / "a.mp4")) as container:
            assert container.streams.video[0].codec_context.width == size
    assert enlarged == [(512, 640)] * 3 + [(256, 256)] * 3


def test_cancelled_video_leaves_nothing(tmp_path: Path) -> None:
    answers = Answers()
    run_video(RenderVideo(tmp_path / "a.webp", turntable(portrait(0), frames=40)), answers, stop_at=0.4)
    assert isinstance(answers.errors[0], Cancelled) and not answers.results and list(tmp_path.iterdir()) == []


def test_impossible_videos_are_refused_at_once(tmp_path: Path) -> None:
    requests = (portrait(0),)
    for path, frames, fps, size in (
        ("a.mp4", (), 25, 256),
        ("a.mov", requests, 25, 256),
        ("a.mp4", requests, 0, 256),
        ("a.mp4", requests, 25, 9999),
        ("none/a.mp4", requests, 25, 256),
    ):
        with pytest.raises(FaceEditorError):
            RenderVideo(tmp_path / path, frames, fps, size)
