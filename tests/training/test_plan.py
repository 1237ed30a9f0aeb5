import numpy as np
import torch

from faceeditor.nets.mask_guided import Window
from faceeditor.training.plan import Part, pick_part


def test_whole_pictures_have_no_window():
    part = pick_part(128, 128, 1.0, np.random.default_rng(0))
    assert part == Part() and part.view == "whole"
    pictures = torch.rand(1, 3, 128, 128)
    assert part.enlarged(pictures) is pictures


def test_close_ups_lie_in_their_windows_and_come_as_often_as_asked():
    random = np.random.default_rng(1)
    parts = [pick_part(256, 128, 0.5, random) for _ in range(400)]
    close = [part for part in parts if part.view == "close"]
    assert 150 < len(close) < 250
    for part in close:
        assert part.window is not None and part.close is not None
        top, left = part.close.top - part.window.top, part.close.left - part.window.left
        assert 0 <= top <= part.window.side - part.close.side and 0 <= left <= part.window.side - part.close.side
    # Most of them show mouths, and only those ask for open ones.
    mouths = [part for part in close if part.mouth]
    assert len(close) / 2 < len(mouths) < len(close)
    assert {part.close for part in mouths} == {Window(160, 96, 64)}
    assert all(pick_part(256, 128, 0.0, random).view == "window" for _ in range(50))


def test_a_close_up_is_cut_from_the_window():
    whole = torch.arange(256 * 256, dtype=torch.float32).reshape(1, 1, 256, 256)
    part = Part(Window(128, 64, 128), Window(160, 96, 64), mouth=True)
    assert part.window is not None and part.close is not None
    torch.testing.assert_close(part.enlarged(part.window.cut(whole)), part.close.cut(whole))
