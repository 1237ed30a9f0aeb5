"""Pictures are decoded off the window's thread, whichever way they come in."""

import threading
import traceback

import numpy as np
import pytest
from PIL import Image, ImageFile

from faceeditor.images import vips
from faceeditor.portrait.masks import write_mask
from faceeditor.regions import Region
from tests.gui.conftest import app, no_qt_warnings, run  # noqa: F401 - fixtures


def test_no_picture_is_decoded_on_the_windows_thread(app, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    threads: list[threading.Thread] = []
    seen: list[str] = []

    def watched(function):
        def call(*arguments):
            threads.append(threading.current_thread())
            if threads[-1] is threading.main_thread():
                seen.append("".join(traceback.format_stack(limit=6)))
            return function(*arguments)

        return call

    monkeypatch.setattr(vips, "_decoded", watched(vips._decoded))
    monkeypatch.setattr(ImageFile.ImageFile, "load", watched(ImageFile.ImageFile.load))
    mask = np.full((256, 256), Region.SKIN, np.uint8)
    write_mask(tmp_path / "mask.png", mask)
    noise = np.random.default_rng(0).integers(0, 255, (128, 128, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "photo.png")
    threads.clear()
    seen.clear()
    assert app.files.open_path(tmp_path / "mask.png")
    assert np.array_equal(app.portrait.mask, mask)
    assert not app.files.open_path(tmp_path / "photo.png"), "it is no mask"
    app.files.take_drop(tmp_path / "photo.png")
    app.wait(lambda: app.window.photos.sheet is not None and app.window.photos.sheet.picker.faces)
    assert len(threads) >= 3 and not seen, seen
