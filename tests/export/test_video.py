"""Videos: what is in the file, and what is left when it does not come to be."""

import io
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from faceeditor.errors import Cancelled, FaceEditorError, ImageError
from faceeditor.export import video
from faceeditor.export.video import check_video, write_video
from faceeditor.images.provenance import DIGITAL_SOURCE_TYPE

COUNT = 7


def frames(count: int = COUNT, side: tuple[int, int] = (96, 96)) -> Iterator[np.ndarray]:
    """A bright bar that wanders to the right on a coloured ground."""
    for index in range(count):
        picture = np.full((*side, 3), (200, 90, 40), np.uint8)
        picture[:, 10 + 10 * index : 20 + 10 * index] = (20, 220, 120)
        yield picture


def test_mp4_holds_the_frames_and_starts_with_its_index(tmp_path: Path) -> None:
    path = tmp_path / "turn.mp4"
    write_video(path, frames(), 25, COUNT)
    data = path.read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")
    assert DIGITAL_SOURCE_TYPE.encode() in data[data.rindex(b"uuid") :]
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264" and stream.codec_context.pix_fmt == "yuv420p"
        assert stream.average_rate == 25 and container.metadata["comment"] == DIGITAL_SOURCE_TYPE
        shown = [
            frame.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray() for frame in container.decode(stream)
        ]
    assert len(shown) == COUNT
    for picture, wanted in zip(shown, frames(), strict=True):
        assert np.abs(picture.astype(int) - wanted).mean() < 4


def test_odd_sides_are_made_even(tmp_path: Path) -> None:
    path = tmp_path / "odd.MP4"
    write_video(path, frames(2, (95, 97)), 12.5, 2)
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        assert (context.width, context.height) == (98, 96)


def test_webp_holds_the_frames_their_times_and_provenance(tmp_path: Path) -> None:
    path = tmp_path / "turn.webp"
    write_video(path, frames(), 30, COUNT)
    with Image.open(path) as image:
        assert image.n_frames == COUNT and image.info["loop"] == 0
        assert DIGITAL_SOURCE_TYPE.encode() in image.info["xmp"]
        times = []
        for index, wanted in enumerate(frames()):
            image.seek(index)
            image.load()
            times.append(image.info["duration"])
            assert np.abs(np.asarray(image.convert("RGB")).astype(int) - wanted).mean() < 6
    assert sum(times) == round(COUNT * 1000 / 30)


@pytest.mark.parametrize("name", ["a.mp4", "a.webp"])
def test_progress_is_told_and_cancel_leaves_nothing(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"what was there")
    shares: list[float] = []
    write_video(tmp_path / ("whole" + path.suffix), frames(), 25, COUNT, lambda share, text: shares.append(share))
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1 and len(shares) == COUNT + 1
    drawn = []

    def stop(share: float, text: str) -> None:
        drawn.append(share)
        if share > 0.5:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        write_video(path, frames(), 25, COUNT, stop)
    assert len(drawn) < COUNT and path.read_bytes() == b"what was there"
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([name, "whole" + path.suffix])


@pytest.mark.parametrize("suffix", [".mp4", ".webp"])
def test_what_cannot_be_written_is_said(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / ("a" + suffix)
    with pytest.raises(ImageError, match="at least one frame"):
        write_video(path, [], 25, 0)
    with pytest.raises(ImageError, match="frames a second"):
        write_video(path, frames(), float("nan"), COUNT)
    with pytest.raises(ImageError, match=r"\.mp4 or \.webp"):
        write_video(tmp_path / "a.avi", frames(), 25, COUNT)
    with pytest.raises(FaceEditorError, match="does not exist"):
        write_video(tmp_path / "none" / path.name, frames(), 25, COUNT)
    with pytest.raises(ValueError, match="only 7"):
        write_video(path, frames(), 25, COUNT + 1)
    with pytest.raises(ValueError, match="more"):
        write_video(path, frames(), 25, COUNT - 1)
    with pytest.raises(ValueError, match="among frames"):
        write_video(path, [np.zeros((64, 64, 3), np.uint8), np.zeros((64, 66, 3), np.uint8)], 25, 2)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(FaceEditorError, match="disk is full"):
        write_video(path, frames(), 25, COUNT)
    assert list(tmp_path.iterdir()) == []


def test_checks_come_before_the_work(tmp_path: Path) -> None:
    check_video(tmp_path / "a.mp4", 25, 256)
    for path, fps, size in (("a.mp4", 0, 256), ("a.mp4", 25, 16), ("a.gif", 25, 256), ("b/a.mp4", 25, 256)):
        with pytest.raises(FaceEditorError):
            check_video(tmp_path / path, fps, size)
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(FaceEditorError, match="is a folder"):
        check_video(tmp_path / "folder.mp4", 25, 256)


@pytest.mark.parametrize("suffix", [".mp4", ".webp"])
def test_a_single_frame_is_a_video(tmp_path: Path, suffix: str) -> None:
    write_video(tmp_path / f"a{suffix}", frames(1), 25, 1)
    assert (tmp_path / f"a{suffix}").stat().st_size > 100


def test_the_quality_of_an_animation_is_that_of_its_constant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = [np.random.default_rng(n).integers(0, 256, (64, 64, 3)).astype(np.uint8) for n in range(2)]
    write_video(tmp_path / "fine.webp", noise, 25, 2)
    monkeypatch.setattr(video, "WEBP_QUALITY", 40)
    write_video(tmp_path / "rough.webp", noise, 25, 2)
    assert (tmp_path / "rough.webp").stat().st_size < 0.7 * (tmp_path / "fine.webp").stat().st_size


def test_long_videos_have_room_for_their_index(tmp_path: Path) -> None:
    path = tmp_path / "long.mp4"
    still = np.zeros((64, 64, 3), np.uint8)
    write_video(path, (still for _ in range(700)), 60, 700)
    with av.open(io.BytesIO(path.read_bytes())) as container:
        assert container.streams.video[0].frames == 700
