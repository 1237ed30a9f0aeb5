"""Pictures of every kind in, bad ones refused in one sentence; files out whole or not at all."""

import errno
import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageFile

from faceeditor import images
from faceeditor.errors import FaceEditorError, ImageError
from faceeditor.images import files, open_picture, write_atomic


def gradient(height: int = 40, width: int = 60) -> np.ndarray:
    """(height, width, 3) uint8 whose every corner differs."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 255 // (width - 1), y * 255 // (height - 1), np.full_like(x, 90)], 2).astype(np.uint8)


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds almost nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


def is_sentence(error: pytest.ExceptionInfo[BaseException]) -> bool:
    """One line that ends as a sentence."""
    text = str(error.value)
    return text.endswith(".") and "\n" not in text and len(text) < 400


@pytest.mark.parametrize("ending", ["png", "tiff", "bmp"])
def test_lossless_pictures_come_back_exactly(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"picture.{ending}"
    Image.fromarray(gradient()).save(path)
    assert np.array_equal(open_picture(path), gradient())


def test_sixteen_bit_grey_keeps_its_range(tmp_path: Path) -> None:
    path = tmp_path / "deep.png"
    Image.fromarray(np.array([[0, 32896, 65535]], np.uint16)).save(path)
    assert open_picture(path)[0, :, 0].tolist() == [0, 128, 255]


def test_palette_with_transparency_lies_on_grey(tmp_path: Path) -> None:
    path = tmp_path / "palette.png"
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((1, 0), 1)
    image.save(path, transparency=0)
    assert open_picture(path)[0].tolist() == [[128, 128, 128], [0, 0, 255]]


def test_half_transparency_is_composited_on_neutral_grey(tmp_path: Path) -> None:
    path = tmp_path / "alpha.png"
    Image.new("RGBA", (1, 1), (255, 0, 0, 128)).save(path)
    red, green, blue = open_picture(path)[0, 0].tolist()
    assert abs(red - 192) <= 1
    assert abs(green - 64) <= 1
    assert green == blue


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    path = tmp_path / "print.jpg"
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(path, quality=100)
    red, green, blue = open_picture(path)[8, 8].tolist()
    assert red > 200
    assert max(green, blue) < 60


def test_orientation_is_applied(tmp_path: Path) -> None:
    path = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    Image.fromarray(gradient()).save(path, exif=exif, quality=100, subsampling=0)
    picture = open_picture(path)
    assert picture.shape == (60, 40, 3)
    assert np.abs(picture.astype(int) - np.rot90(gradient(), -1)).max() < 12


def test_colour_profile_is_converted(tmp_path: Path) -> None:
    path = tmp_path / "profile.png"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # The same profile with red and green exchanged: what is stored as red is meant as green.
    swapped = profile.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")
    Image.new("RGB", (4, 4), (255, 0, 0)).save(path, icc_profile=swapped)
    red, green, _ = open_picture(path)[0, 0].tolist()
    assert green > 240
    assert red < 15


def test_a_damaged_profile_is_left_aside(tmp_path: Path) -> None:
    path = tmp_path / "profile.png"
    Image.fromarray(gradient()).save(path, icc_profile=b"no profile at all")
    assert np.array_equal(open_picture(path), gradient())


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"just some text, whatever the name says", "not a picture"),
        (png_header(30_000, 30_000), "900 megapixels"),
        (png_header(14_000, 14_000), "196 megapixels"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, content: bytes, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bad.png"
    path.write_bytes(content)
    decoded: list[object] = []
    monkeypatch.setattr(ImageFile.ImageFile, "load", decoded.append)
    with pytest.raises(ImageError, match=words) as error:
        open_picture(path)
    assert is_sentence(error)
    assert not decoded, "refused by the header"


@pytest.mark.parametrize("ending", ["png", "jpg", "webp"])
def test_a_file_cut_short_is_refused(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"cut.{ending}"
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ImageError, match="cut") as error:
        open_picture(path)
    assert is_sentence(error)


def test_missing_file_and_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="does not exist"):
        open_picture(tmp_path / "nothing.png")
    with pytest.raises(ImageError, match="is a folder"):
        open_picture(tmp_path)


def test_write_atomic_replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    write_atomic(path, b"old")
    path.chmod(0o640)
    write_atomic(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    write_atomic(tmp_path / "target.bin", b"old")
    (tmp_path / "link.bin").symlink_to(tmp_path / "target.bin")
    write_atomic(tmp_path / "link.bin", b"new")
    assert (tmp_path / "link.bin").is_symlink()
    assert (tmp_path / "target.bin").read_bytes() == b"new"


def test_new_files_are_not_private(tmp_path: Path) -> None:
    old = os.umask(0o022)
    try:
        write_atomic(tmp_path / "file.bin", b"x")
    finally:
        os.umask(old)
    assert (tmp_path / "file.bin").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "disk is full"), (errno.EACCES, "cannot be written"), (errno.EIO, "not written")],
)
def test_a_failed_write_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")

    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files.os, "fsync", fail)
    with pytest.raises(FaceEditorError, match=words) as error:
        write_atomic(path, b"new")
    assert is_sentence(error)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FaceEditorError, match="does not exist"):
        write_atomic(tmp_path / "no" / "file.bin", b"x")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nothing is unwritable for this user")
def test_an_unwritable_folder_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(FaceEditorError, match="cannot be written"):
            write_atomic(tmp_path / "file.bin", b"x")
    finally:
        tmp_path.chmod(0o700)


def test_a_write_protected_file_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "portrait.fep"
    path.write_bytes(b"old")
    path.chmod(0o444)
    with pytest.raises(FaceEditorError, match="write-protected") as error:
        write_atomic(path, b"new")
    assert is_sentence(error) and path.read_bytes() == b"old"


def test_a_file_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "portrait.fep"
    path.write_bytes(b"old")
    with monkeypatch.context() as patched:
        patched.setattr(files.os, "geteuid", lambda: path.stat().st_uid + 1)
        with pytest.raises(FaceEditorError, match="another user"):
            write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    if os.geteuid() == 0:  # the superuser may, and the owner stays
        os.chown(path, 12345, 12345)
        write_atomic(path, b"new")
        assert path.stat().st_uid == 12345


def test_parts_of_killed_runs_are_cleaned_at_the_next_save(tmp_path: Path) -> None:
    import subprocess
    import sys

    script = (
        "import os, sys\nfrom pathlib import Path\nfrom faceeditor.images import files\n"
        "files.os.fsync = lambda handle: os._exit(9)\nfiles.write_atomic(Path(sys.argv[1]), b'x' * 100)\n"
    )
    path = tmp_path / "anna.fep"
    subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert len(list(tmp_path.glob(".anna.fep.*.part"))) == 1
    (tmp_path / f".anna.fep.{files._run_tag()}.abc.part").touch()  # of this run: it is being written
    (tmp_path / ".other.fep.part").touch()
    write_atomic(path, b"new")
    left = sorted(each.name for each in tmp_path.iterdir())
    assert left == sorted(["anna.fep", f".anna.fep.{files._run_tag()}.abc.part", ".other.fep.part"])


@pytest.mark.parametrize("kind", ["loop", "NUL", "pipe", "long name", "device"])
def test_odd_names_and_files_are_sentences(tmp_path: Path, kind: str) -> None:
    from faceeditor.errors import PortraitError
    from faceeditor.export.video import write_video
    from faceeditor.portrait import store

    path = tmp_path / "odd.mp4"
    if kind == "loop":
        path.symlink_to(path)
    elif kind == "NUL":
        path = tmp_path / "od\0d.mp4"
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "long name":
        path = tmp_path / ("x" * 300 + ".mp4")
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(ImageError):
        open_picture(path)
    with pytest.raises(PortraitError):
        store.load(path)
    assert store.load_preview(path) is None
    with pytest.raises(FaceEditorError) as error:
        write_atomic(path, b"x")
    assert is_sentence(error)
    with pytest.raises(FaceEditorError):
        write_video(path, [np.zeros((64, 64, 3), np.uint8)], 25, 1)


def test_an_interrupt_leaves_no_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "file.bin", b"x")
    assert list(tmp_path.iterdir()) == []


def test_decode_bytes_reads_what_decode_reads() -> None:
    stream = io.BytesIO()
    Image.fromarray(gradient()).save(stream, "PNG")
    assert np.array_equal(np.asarray(images.decode_bytes(stream.getvalue(), "memory")), gradient())
