"""People to begin with: portraits with a head, made from a mask, and random ones."""

from dataclasses import replace

import numpy as np

from faceeditor.generators.head_prior import HeadPrior
from faceeditor.identity.variation import Renderer, Variation
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MaskArray

REFINEMENTS = 8
"""Gauss-Newton steps when the head of a mask is read."""


def person_on_mask(mask: MaskArray, style: StyleCode, renderer: Renderer) -> Variation:
    """A portrait with the head that is read from what mask and style draw.

    Args:
        mask: (256, 256) uint8.
        style: the style code.
        renderer: draws.

    Raises:
        ModelError: the reader's pack or the head model is missing or damaged.
    """
    from faceeditor.photo.read import read_head

    plain = Variation(mask, style)
    head = read_head(renderer.draw(plain).pixels, REFINEMENTS, mask=mask).head
    return replace(plain, head=head, base_head=head)


def calm(portrait: Variation) -> Variation:
    """The portrait with a neutral expression, looking at the camera; for pools, whose people differ in nothing else."""
    assert portrait.head is not None
    still = HeadCoefficients.neutral()
    head = portrait.head.changed(expression=still.expression, gaze=still.gaze, pose=still.pose, rig=portrait.head.rig)
    return portrait.with_head(head)


class HeadChanges:
    """The plain method: expression, pose and light drawn from the head's prior; the identity is left alone.

    Args:
        heads: the prior, by default the program's own.
    """

    name, title = "head", "Head changes"

    def __init__(self, heads: HeadPrior | None = None) -> None:
        self._heads = heads or HeadPrior.load()

    def prepare(self, reference: Variation) -> None:
        """As of `identity.variation.Method`: nothing is shared."""

    def variation(self, reference: Variation, random: np.random.Generator, variety: float) -> Variation:
        """As of `identity.variation.Method`: at variety 1 like the whole population's expressions, poses and lights."""
        assert reference.head is not None
        head = reference.head
        for group in ("expression", "pose", "light"):
            drawn = self._heads.draw(group, random, reference.head)
            head = head.with_group(group, drawn.with_group(group, reference.head.blend(drawn, variety)))
        return reference.with_head(head)
