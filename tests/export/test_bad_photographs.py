"""Photographs that cannot be read or written: one sentence, and nothing is lost."""

import io
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from faceeditor.errors import FaceEditorError, ImageError
from faceeditor.export.photograph import SaveOptions, encode_photograph, write_photograph
from faceeditor.images.source import read_source, source_of
from faceeditor.portrait import store
from faceeditor.portrait.document import Portrait, Snapshot
from faceeditor.portrait.state import Photo, PortraitState
from tests.engine.test_photo_edit import face_state
from tests.photo.people import person


def is_sentence(error: BaseException) -> bool:
    text = str(error)
    return text[-1] == "." and "Traceback" not in text and "\n" not in text


def as_jpeg(**extra: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(person().picture).save(file, "jpeg", quality=92, **extra)
    return file.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def test_a_photograph_over_the_limit_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    header = struct.pack(">IIBBBBB", 30_000, 20_000, 8, 2, 0, 0, 0)
    rows = chunk(b"IDAT", zlib.compress(b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + rows + chunk(b"IEND", b""))
    with pytest.raises(ImageError, match="600 megapixels") as caught:
        read_source(path)
    assert is_sentence(caught.value) and "wide.png" in str(caught.value)


@pytest.mark.parametrize("profile", [b"\0" * 200, b"rubbish" * 40, None])
def test_a_damaged_profile_costs_nothing_but_the_profile(profile: bytes | None) -> None:
    if profile is None:  # cut in the middle
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()[:300]
    source = source_of(as_jpeg(icc_profile=profile), "anna.jpg")
    assert source.srgb.shape == person().picture.shape
    assert np.abs(source.srgb.astype(int) - person().picture).mean() < 4  # the colours are those of the samples
    other = source.samples.copy()
    other[30:60, 30:60] = 200
    again = source_of(encode_photograph(source, other, SaveOptions("png")), "b.png")
    assert np.array_equal(again.samples, other)


@pytest.mark.parametrize("kind", ["jpeg", "png", "tiff", "webp"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.97])
def test_a_truncated_photograph_is_a_sentence(kind: str, share: float) -> None:
    file = io.BytesIO()
    Image.fromarray(person().picture).save(file, kind)
    data = file.getvalue()
    with pytest.raises(ImageError) as caught:
        source_of(data[: int(len(data) * share)], f"anna.{kind}")
    assert is_sentence(caught.value) and "anna" in str(caught.value)


@pytest.mark.parametrize("what", ["deleted", "changed"])
def test_a_photograph_that_is_deleted_or_changed_while_it_is_open_is_still_there(tmp_path: Path, what: str) -> None:
    path = tmp_path / "anna.jpg"
    data = as_jpeg()
    path.write_bytes(data)
    source = read_source(path)
    portrait = Portrait.of(Snapshot(PortraitState((face_state(),), 0, Photo(source.data, source.name))))
    if what == "deleted":
        path.unlink()
    else:
        path.write_bytes(b"something else")
    other = source.samples.copy()
    other[10, 10] ^= 255
    write_photograph(tmp_path / "out.png", source, other, SaveOptions("png"))
    assert np.array_equal(read_source(tmp_path / "out.png").samples, other)
    store.save(portrait, tmp_path / "anna.fep")
    photo = store.load(tmp_path / "anna.fep").state().photo
    assert photo is not None and photo.data == data


_FULL_DISK = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from faceeditor.errors import FaceEditorError
from faceeditor.export.photograph import SaveOptions, write_photograph
from faceeditor.images.source import read_source

folder = Path(sys.argv[1])
source = read_source(folder / "anna.png")
other = source.samples ^ 1
before = {path.name: path.read_bytes() for path in folder.iterdir()}
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
said = []
for name in ("out.png", "out.tif", "out.jpg", "out.webp", "anna.png"):
    try:
        write_photograph(folder / name, source, other, SaveOptions(quality=100))
    except FaceEditorError as error:
        said.append(str(error))
assert {path.name: path.read_bytes() for path in folder.iterdir()} == before, list(folder.iterdir())
assert len(said) == 5 and all("was not written" in text and text.endswith(".") for text in said), said
print("nothing is lost")
"""


@pytest.mark.skipif(os.name == "nt", reason="file sizes cannot be limited")
def test_a_disk_that_is_full_in_the_middle_of_an_export(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (300, 300, 3)).astype(np.uint8)
    for name in ("anna.png", "out.png"):
        Image.fromarray(noise).save(tmp_path / name)
    ended = subprocess.run([sys.executable, "-c", _FULL_DISK, str(tmp_path)], capture_output=True, text=True)
    assert "nothing is lost" in ended.stdout, ended.stderr[-2000:]


def test_a_portrait_whose_photograph_is_missing_opens_and_says_so(tmp_path: Path) -> None:
    source = source_of(as_jpeg(), "anna.jpg")
    portrait = Portrait.of(Snapshot(PortraitState((face_state(),), 0, Photo(source.data, source.name))))
    store.save(portrait, tmp_path / "a.fep")
    with zipfile.ZipFile(tmp_path / "a.fep") as whole, zipfile.ZipFile(tmp_path / "b.fep", "w") as part:
        for item in whole.infolist():
            if item.filename != "photo":
                part.writestr(item, whole.read(item))
    loaded = store.load(tmp_path / "b.fep")
    assert "anna.jpg" in loaded.note and loaded.note.endswith(".")
    assert np.array_equal(loaded.state().face.mask, person().mask)
    with pytest.raises(FaceEditorError) as caught:
        store.load(tmp_path / "c.fep")
    assert is_sentence(caught.value)
