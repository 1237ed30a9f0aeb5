"""The pool that comes with the program: rounding, latents from seeds, other weights, and what a board does with it."""

import json

import numpy as np
import pytest

from faceeditor.errors import FaceEditorError
from faceeditor.generators.style_prior import StylePrior
from faceeditor.identity import methods, pool_pack
from faceeditor.identity.methods import MethodContext, people_pool
from faceeditor.identity.pool import Pool, filled_pool
from faceeditor.identity.spaces import PortraitSpace
from faceeditor.packs import write_pack
from faceeditor.paths import models_dir
from tests.identity.people import Mean, Painter, Ring, portrait


@pytest.fixture
def pack(tmp_path, monkeypatch):
    """Writes a pool of 40 people, made with stand-ins, as the program's own; returns pool and folder."""
    head = portrait(1).head
    space = PortraitSpace("person", pool_pack._portrait(head, StylePrior.load()), Painter())
    pool = filled_pool(space, Mean(), 40, folder=tmp_path / "drawn")
    arrays, config = pool_pack.packed(pool, head)
    write_pack(tmp_path / "models", pool_pack.PACK, "identity-pool", "1", {pool_pack.FILE: arrays}, config)
    digest, real = pool_pack.weights_digest(), models_dir()
    monkeypatch.setattr(pool_pack, "weights_digest", lambda: digest)
    monkeypatch.setenv("FACEEDITOR_MODELS", str(tmp_path / "models"))
    for name in ("mask-guided", "recogniser"):
        (tmp_path / "models" / name).symlink_to(real / name)
    return pool, tmp_path / "models" / pool_pack.PACK


def test_the_pool_comes_back_without_a_picture(pack, tmp_path):
    pool, _ = pack
    painter = Painter()
    space, found = people_pool(MethodContext(painter, Mean(), pools=tmp_path / "pools"))
    assert painter.drawn == 0
    assert (found.latents == pool.latents).all()
    step = np.abs(pool.embeddings).max(0) / 127
    assert (np.abs(found.embeddings - pool.embeddings) <= 0.51 * step + 1e-4).all()
    assert space.portrait.base_head is not None and space.dimension == pool.latents.shape[1]


def test_more_people_than_there_are_go_on_from_them(pack, tmp_path):
    pool, _ = pack
    painter = Painter()
    _, found = people_pool(MethodContext(painter, Mean(), pool=45, pools=tmp_path / "pools"))
    assert painter.drawn == 5 and len(found) == 45 and (found.latents[:40] == pool.latents).all()
    _, few = people_pool(MethodContext(painter, Mean(), pool=30, pools=tmp_path / "pools"))
    assert painter.drawn == 5 and len(few) == 30


def test_a_data_set_takes_the_pool_into_its_folder(pack, tmp_path):
    pool, folder = pack
    head = portrait(1).head
    same = pool_pack._portrait(head.changed(), StylePrior.load())  # read anew, with the same numbers
    painter = Painter()
    for _ in range(2):  # the second time without the pack
        _, found = people_pool(MethodContext(painter, Mean(), pool=30, portrait=same, pools=tmp_path / "pools"))
        assert painter.drawn == 0 and (found.latents == pool.latents[:30]).all()
        (folder / "pack.json").unlink(missing_ok=True)
    people_pool(MethodContext(painter, Mean(), pool=20, portrait=portrait(2), pools=tmp_path / "pools"))
    assert painter.drawn == 20  # another portrait


def test_other_spaces_and_seeds_are_drawn(pack, tmp_path):
    for context in ({"space": "style"}, {"seed": 1}):
        painter = Painter()
        people_pool(MethodContext(painter, Mean(), pool=20, pools=tmp_path / "pools", **context))
        assert painter.drawn == 20


@pytest.mark.parametrize("harm", ["weights", "stream", "missing", "shape", "head"])
def test_a_pool_that_does_not_fit_is_drawn(pack, tmp_path, monkeypatch, harm):
    _, folder = pack
    listing = json.loads((folder / "pack.json").read_text())
    if harm == "weights":
        listing["config"]["weights"] = "others"
    elif harm == "head":
        listing["config"]["head"]["shape"] = [0.0]
    elif harm == "missing":
        (folder / pool_pack.FILE).unlink()
    elif harm == "shape":
        files = {pool_pack.FILE: {"embeddings": np.zeros((4, 3), np.int8), "scale": np.ones(3), "first": np.ones(3)}}
        write_pack(folder.parent, pool_pack.PACK, "identity-pool", "1", files, listing["config"])
    elif harm == "stream":
        monkeypatch.setattr(PortraitSpace, "sample", lambda self, random: np.ones(self.dimension, np.float32))
    if harm in ("weights", "head"):
        (folder / "pack.json").write_text(json.dumps(listing))
    monkeypatch.setattr(methods, "pool_portrait", lambda renderer: portrait(1))
    painter = Painter()
    _, pool = people_pool(MethodContext(painter, Mean(), pool=20, pools=tmp_path / "pools"))
    assert len(pool) == 20 and painter.drawn == 20


def test_known_people_of_a_pool(tmp_path):
    space = Ring()
    pool = filled_pool(space, Mean(), 30, folder=tmp_path)
    known = Pool(pool.latents[:20], pool.embeddings[:20])
    fresh = Ring()
    assert (filled_pool(fresh, Mean(), 30, folder=tmp_path / "new", known=known).latents == pool.latents).all()
    assert fresh.drawn == 10
    with pytest.raises(FaceEditorError):
        filled_pool(fresh, Mean(), 0, folder=tmp_path, known=known)


def test_the_programs_own_pool_belongs_to_its_weights():
    found = pool_pack.packed_pool()
    assert found is not None, "run packaging/make_identity_pool.py: the pool belongs to other weights"
    space = PortraitSpace("person", found.portrait)
    pool = found.pool_of(space, 0)
    assert pool is not None and len(pool) >= 1000 and np.isfinite(pool.embeddings).all()
