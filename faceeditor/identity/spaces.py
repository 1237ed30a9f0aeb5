"""Latent spaces whose points are people: what ExFaceGAN draws pools from and seeks directions in.

Our own generator has three parts that make a person: the style prior's latent (skin, hair, make-up), the style code
itself, and the identity latents of the head. People who are drawn on one mask share their outlines and look alike to
the recogniser, so the space `person` joins head and style, and the mask moves with the head's shape.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from faceeditor.errors import FaceEditorError
from faceeditor.generators.head_prior import HeadPrior
from faceeditor.generators.style_prior import PACK, StylePrior
from faceeditor.identity.variation import FacePicture, Renderer, Variation
from faceeditor.packs import ModelPack
from faceeditor.portrait.style import DETAIL_SHAPE, OVERALL_SHAPE, REGIONS_SHAPE, StyleCode

FloatArray = npt.NDArray[np.float32]

SPACES = ("person", "style", "code", "head")
"""The spaces of our own generator."""


class LatentSpace(Protocol):
    """A space of people, our own or the W of an imported generator.

    Attributes:
        name: "person", "w", ...
        dimension: length D of a latent.
        key: a hash over everything but the latent that a picture depends on: pools are remembered by it.
    """

    name: str
    dimension: int

    @property
    def key(self) -> str: ...

    def sample(self, random: np.random.Generator) -> FloatArray:
        """A random latent, (D,) float32."""

    def pictures(self, latents: Iterable[FloatArray]) -> Iterator[FacePicture]:
        """The faces of latents (D,), one after the other."""


class PortraitSpace:
    """A space of our own generator, seen from a portrait that gives everything which the latent leaves open.

    What the latent cannot express of the portrait's own style and head (their residuals) is kept, so that the
    portrait's latent draws exactly the portrait.

    Args:
        name: one of `SPACES`.
        portrait: has a head; its mask, expression, pose and light are those of all people.
        renderer: draws; None where only latents and variations are wanted.
        styles, heads: the priors, by default the program's own.

    Raises:
        FaceEditorError: an unknown space, or a portrait without a head where the space needs one.
        ModelError: a prior is missing or damaged.
    """

    def __init__(
        self,
        name: str,
        portrait: Variation,
        renderer: Renderer | None = None,
        styles: StylePrior | None = None,
        heads: HeadPrior | None = None,
    ) -> None:
        if name not in SPACES:
            raise FaceEditorError(f"There is no latent space “{name}”; choose one of: {', '.join(SPACES)}.")
        self.name, self.portrait, self._renderer = name, portrait, renderer
        self._uses_head, self._uses_style = name in ("person", "head"), name != "head"
        self._styles = styles or StylePrior.load()
        self._heads = heads or HeadPrior.load()
        if self._uses_head and portrait.head is None:
            raise FaceEditorError(f"The latent space “{name}” needs a portrait with a head; read its head first.")
        self._head_size = self._heads.latents("identity") if self._uses_head else 0
        self._style_size = 0
        if self._uses_style:
            self._style_size = _flat(portrait.style).size if name == "code" else self._styles.latent_size
        self.dimension = self._head_size + self._style_size

    @property
    def key(self) -> str:
        """Hash over the portrait and the model pack of generator and priors."""
        parts = self.portrait
        digest = hashlib.blake2b(digest_size=8)
        digest.update(f"{self.name} {parts.truncation} {ModelPack.open(PACK).key}".encode())
        digest.update(parts.mask.tobytes())
        if not self._uses_style:
            digest.update(parts.style.key.encode())
        for head in (parts.head, parts.base_head):
            if head is not None:
                # The head's own identity matters only where the latent does not give it.
                neutral = self._heads.decode("identity", self._no_identity, head) if self._uses_head else head
                digest.update(neutral.key.encode())
        return digest.hexdigest()

    @property
    def _no_identity(self) -> FloatArray:
        return np.zeros(self._heads.latents("identity"), np.float32)

    def sample(self, random: np.random.Generator) -> FloatArray:
        """As of `LatentSpace`: every part from its prior."""
        parts = []
        if self._uses_head:
            parts.append(random.standard_normal(self._head_size).astype(np.float32))
        if self._uses_style:
            z = random.standard_normal(self._styles.latent_size).astype(np.float32)
            parts.append(_flat(self._styles.of_latent(z)) if self.name == "code" else z)
        return np.concatenate(parts)

    def pictures(self, latents: Iterable[FloatArray]) -> Iterator[FacePicture]:
        """As of `LatentSpace`."""
        if self._renderer is None:
            raise FaceEditorError("This latent space cannot draw: it was opened without a renderer.")
        for latent in latents:
            yield self._renderer.draw(self.person(latent))

    def person(self, latent: FloatArray) -> Variation:
        """The portrait with the person of a latent in it."""
        return self.moved(self.portrait, latent, None)

    def latent_of(self, variation: Variation) -> FloatArray:
        """The nearest latent of a variation's person."""
        parts = []
        if self._uses_head:
            assert variation.head is not None
            parts.append(self._heads.encode("identity", variation.head))
        if self._uses_style:
            flat = _flat(variation.style)
            parts.append(flat if self.name == "code" else self._styles.latent_of(variation.style))
        return np.concatenate(parts).astype(np.float32)

    def moved(self, variation: Variation, latent: FloatArray, origin: FloatArray | None) -> Variation:
        """A variation whose person goes from one latent to another.

        Args:
            variation: what is changed.
            latent: (D,) where its person goes.
            origin: (D,) the latent of the variation itself, whose residual stays; None: none does.
        """
        latent = np.asarray(latent, np.float32)
        head, style = variation.head, variation.style
        if self._uses_head and head is not None:
            new = self._heads.decode("identity", latent[: self._head_size], head)
            if origin is not None:
                old = self._heads.decode("identity", origin[: self._head_size], head)
                new = head.changed(
                    shape=head.shape + new.shape - old.shape, albedo=head.albedo + new.albedo - old.albedo, rig=head.rig
                )
            head = replace(new, rig=head.rig)
        if self._uses_style:
            style = self._style(latent[self._head_size :])
            if origin is not None:
                old_style = self._style(origin[self._head_size :])
                regions, overall, detail = (
                    getattr(variation.style, part) + getattr(style, part) - getattr(old_style, part)
                    for part in ("regions", "overall", "detail")
                )
                style = StyleCode(regions, overall, detail, variation.style.label)
        changed = replace(variation, style=style)
        return changed.with_head(head) if head is not None and head is not variation.head else changed

    def _style(self, part: FloatArray) -> StyleCode:
        return _style_of(part) if self.name == "code" else self._styles.of_latent(part)


def _flat(style: StyleCode) -> FloatArray:
    return np.concatenate([style.regions.ravel(), style.overall, style.detail.ravel()])


def _style_of(flat: FloatArray) -> StyleCode:
    lengths = [int(np.prod(shape)) for shape in (REGIONS_SHAPE, OVERALL_SHAPE, DETAIL_SHAPE)]
    regions, overall, detail = np.split(flat, np.cumsum(lengths)[:-1])
    return StyleCode(regions.reshape(REGIONS_SHAPE), overall, detail.reshape(DETAIL_SHAPE))
