"""The drawing with gradients is the engine's picture."""

import numpy as np
import pytest
import torch

from faceeditor.engine.drawing import EngineRenderer
from faceeditor.generators.style_prior import StylePrior
from faceeditor.head.model import HeadModel
from faceeditor.identity.drawing import PortraitDrawing, codes_of, open_generator, pixels_of, style_of, with_geometry
from faceeditor.identity.variation import Variation
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.masks import sample_masks


@pytest.fixture(scope="module")
def portrait():
    base = HeadCoefficients.neutral()
    turned = base.changed(pose=(12.0, 3.0, 0.0), gamma=base.gamma * 0.8)
    return Variation(sample_masks()[0].read(), StylePrior.load().draw(52), turned, base)


@pytest.fixture(scope="module")
def drawing(portrait):
    return PortraitDrawing(portrait, open_generator(), HeadModel.load(), half=False)


def test_the_picture_is_the_engine_s(portrait, drawing):
    with torch.no_grad():
        ours = pixels_of(drawing.draw(drawing.scene(portrait), codes_of(portrait.style))).astype(int)
    with EngineRenderer("torch-cpu") as renderer:
        theirs = renderer.draw(portrait).pixels
    step = theirs.shape[0] // 256
    theirs = theirs.reshape(256, step, 256, step, 3).mean((1, 3))
    assert np.abs(ours - theirs).mean() < 3.0


def test_gradients_reach_the_code_and_the_head(portrait, drawing):
    codes = codes_of(portrait.style)
    codes.regions.requires_grad_()
    shape, expression = torch.zeros(1, 24, requires_grad=True), torch.zeros(1, 55, requires_grad=True)
    maps = drawing.maps(portrait, shape, expression)
    drawing.draw(drawing.scene(portrait), codes, maps).square().mean().backward()
    for given in (codes.regions, shape, expression):
        assert given.grad is not None and float(given.grad.abs().max()) > 0


def test_maps_with_the_portrait_s_own_geometry_are_the_scene_s(portrait, drawing):
    scene = drawing.scene(portrait)
    own = [torch.from_numpy(np.array(getattr(portrait.head, part)))[None] for part in ("shape", "expression")]
    assert float((drawing.maps(portrait, *own) - scene.maps[:, :10]).abs().mean()) < 0.01


def test_codes_go_there_and_back(portrait):
    again = style_of(codes_of(portrait.style), portrait.style.label)
    assert again.key == portrait.style.key
    moved = with_geometry(portrait, np.full(24, 9.0, np.float32), np.full(55, -1.0, np.float32))
    assert moved.head.shape.max() == 6.0 and moved.head.expression.min() == 0.0
    bare = Variation(portrait.mask, portrait.style)
    assert with_geometry(bare, np.zeros(24, np.float32), np.zeros(55, np.float32)) is bare
