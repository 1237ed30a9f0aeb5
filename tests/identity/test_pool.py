"""Pools: kept, continued, repaired."""

import numpy as np
import pytest

from faceeditor.errors import FaceEditorError
from faceeditor.identity.pool import filled_pool
from tests.identity.people import Mean, Ring


def test_a_pool_is_drawn_once(tmp_path):
    space = Ring()
    first = filled_pool(space, Mean(), 60, folder=tmp_path)
    assert space.drawn == 60 and first.latents.shape == (60, 4) and first.embeddings.shape == (60, 128)
    again = filled_pool(space, Mean(), 60, folder=tmp_path)
    assert space.drawn == 60
    assert (again.latents == first.latents).all() and (again.embeddings == first.embeddings).all()


def test_a_larger_pool_goes_on_from_a_smaller_one(tmp_path):
    space = Ring()
    small = filled_pool(space, Mean(), 30, folder=tmp_path)
    large = filled_pool(space, Mean(), 75, folder=tmp_path)
    assert space.drawn == 75
    assert (large.latents[:30] == small.latents).all()
    fresh = filled_pool(Ring(), Mean(), 75, folder=tmp_path / "other")
    assert (fresh.latents == large.latents).all()


def test_a_stopped_pool_keeps_what_it_has(tmp_path):
    class StopError(Exception):
        pass

    def step(share, text):
        if share > 0.8:
            raise StopError

    space = Ring()
    with pytest.raises(StopError):
        filled_pool(space, Mean(), 120, step=step, folder=tmp_path)
    drawn = space.drawn
    filled_pool(space, Mean(), 120, folder=tmp_path)
    assert space.drawn - drawn == 70  # the first block of 50 was kept


def test_another_seed_is_another_pool(tmp_path):
    a, b = (filled_pool(Ring(), Mean(), 20, seed, folder=tmp_path) for seed in (0, 1))
    assert not np.allclose(a.latents, b.latents)


def test_a_damaged_pool_is_drawn_anew(tmp_path):
    filled_pool(Ring(), Mean(), 20, folder=tmp_path)
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[:50])
    space = Ring()
    assert len(filled_pool(space, Mean(), 20, folder=tmp_path)) == 20 and space.drawn == 20


def test_impossible_pools(tmp_path):
    with pytest.raises(FaceEditorError, match="choose 1 to"):
        filled_pool(Ring(), Mean(), 0, folder=tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(FaceEditorError, match="FACEEDITOR_CACHE"):
        filled_pool(Ring(), Mean(), 20, folder=tmp_path / "file" / "below")
