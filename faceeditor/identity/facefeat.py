"""FaceFeat-GAN in use (model pack `facefeat`): pictures of a given person from drawn features.

After Shen et al., "FaceFeat-GAN: a Two-Stage Approach for Identity-Preserving Face Synthesis" (2018): features of the
head and general features are drawn for an identity feature, then rendered with it. The identity feature is given, by
the recogniser; another one in its place changes the person and leaves the drawn features as they are.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from faceeditor.errors import ModelError
from faceeditor.generators.head_prior import HeadPrior
from faceeditor.generators.style_prior import StylePrior
from faceeditor.identity.recogniser import FaceRecogniser
from faceeditor.identity.variation import Renderer, Variation, variation_key
from faceeditor.nets.feature_gan import IDENTITY_DIM, FeatureGenerator, IdentityNetwork
from faceeditor.packs import ModelPack
from faceeditor.portrait.head import SHAPE_DIM
from faceeditor.portrait.mask_descriptors import DESCRIPTORS
from faceeditor.portrait.style import StyleCode

FloatArray = npt.NDArray[np.float32]
Arrays = Mapping[str, npt.NDArray[Any]]

PACK, FILE, BASIS_FILE = "facefeat", "weights.safetensors", "basis.safetensors"
FACTORS = ("expression", "pose", "light")
"""Factors of the head that stage one draws, in the order of the head features."""


def basis_of(arrays: Arrays) -> StylePrior:
    """The style latents that the networks were trained with: they stay when the program's own prior is fitted anew.

    Args:
        arrays: `mean` (C) and `directions` (K, C) as of `StylePrior`.

    Raises:
        ModelError: an array is missing or does not fit.
    """
    try:
        mean, directions = arrays["mean"], arrays["directions"]
    except KeyError as error:
        raise ModelError(f"The model “{PACK}” lacks {error}; reinstall Face Editor.") from None
    none = np.zeros((DESCRIPTORS, np.size(mean)), np.float32)
    alone = {"plain": mean, "fitting": directions, "mask_mean": none[:, 0], "slopes": none}
    return StylePrior({"mean": mean, "directions": directions, **alone})


@dataclass(frozen=True, eq=False)
class Features:
    """Drawn features of one picture.

    Attributes:
        general: (K,) float32, in units of their spread.
        head: (H,) float32, likewise: latents of `FACTORS`.
    """

    general: FloatArray
    head: FloatArray


class FaceFeat:
    """The networks of both stages.

    Args:
        arrays: state dicts under `general.`, `head.`, `identity.`, and `scale.identity_mean`, `scale.identity`,
            `scale.general`, `scale.head_mean`, `scale.head`.
        styles, heads: what the features are latents of; by default the program's own priors.

    Raises:
        ModelError: an array is missing or does not fit.
    """

    def __init__(self, arrays: Arrays, styles: StylePrior | None = None, heads: HeadPrior | None = None) -> None:
        from faceeditor.nets.loading import load_module

        self.styles, self.heads = styles or StylePrior.load(), heads or HeadPrior.load()
        sizes = self.styles.latent_size, sum(self.heads.latents(factor) for factor in FACTORS)
        names = ("identity_mean", "identity", "general", "head_mean", "head")
        lengths = (IDENTITY_DIM, IDENTITY_DIM, sizes[0], sizes[1], sizes[1])
        try:
            self._scales = {name: np.asarray(arrays[f"scale.{name}"], np.float32) for name in names}
        except KeyError as error:
            raise ModelError(f"The model “{PACK}” lacks {error}; reinstall Face Editor.") from None
        if any(self._scales[name].shape != (length,) for name, length in zip(names, lengths, strict=True)):
            raise ModelError(f"The model “{PACK}” does not fit to the generator; reinstall Face Editor.")
        self._general, self._head = (
            load_module(FeatureGenerator(size, _noise_of(arrays, name)), _under(arrays, name), PACK)
            for name, size in (("general", sizes[0]), ("head", sizes[1]))
        )
        self._identity = load_module(IdentityNetwork(sizes[0], SHAPE_DIM), _under(arrays, "identity"), PACK)

    @classmethod
    def load(cls) -> "FaceFeat":
        """The program's own; ModelError if the pack is missing or damaged."""
        pack = ModelPack.open(PACK)
        return cls(pack.load(FILE), basis_of(pack.load(BASIS_FILE)))

    def draw(self, embedding: FloatArray, random: np.random.Generator) -> Features:
        """Stage one: features for an identity feature (128,), from noise."""
        known = self._scaled(embedding)
        drawn = []
        with torch.inference_mode():
            for net in (self._general, self._head):
                noise = torch.from_numpy(random.standard_normal((1, net.noise)).astype(np.float32))
                drawn.append(net(noise, known)[0].numpy())
        return Features(drawn[0], drawn[1])

    def features_of(self, portrait: Variation, embedding: FloatArray) -> Features:
        """The features that a portrait has, given its identity feature; the correction is taken out, too."""
        latent = self.styles.latent_of(portrait.style) / self._scales["general"]
        with torch.inference_mode():
            told = self._identity.foretell(self._scaled(embedding))[0].numpy()
        head = portrait.head
        assert head is not None
        values = np.concatenate([self.heads.encode(factor, head) for factor in FACTORS])
        scaled = (values - self._scales["head_mean"]) / self._scales["head"]
        return Features((latent - told[: len(latent)]).astype(np.float32), scaled.astype(np.float32))

    def identity(self, embedding: FloatArray, general: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Stage two: style latent (K,) and shape (24,) of a person with these general features."""
        with torch.inference_mode():
            style, shape = self._identity(self._scaled(embedding), torch.from_numpy(general)[None])
        return style[0].numpy() * self._scales["general"], shape[0].clamp(-3, 3).numpy()

    def rendered(self, layout: Variation, embedding: FloatArray, features: Features) -> Variation:
        """A picture of the identity feature's person: mask from the layout, all else from identity and features."""
        style, shape = self.identity(embedding, features.general)
        code = self.styles.of_latent(style, layout.style.label)
        return replace(self._posed(layout, features.head, shape), style=code, truncation=1.0)

    def _posed(self, layout: Variation, features: FloatArray, shape: FloatArray | None) -> Variation:
        """The layout with the features' expression, pose and light, and another shape of the head if one is given."""
        assert layout.head is not None
        head, at = layout.head, 0
        values = features * self._scales["head"] + self._scales["head_mean"]
        for factor in FACTORS:
            count = self.heads.latents(factor)
            head = self.heads.decode(factor, values[at : at + count], head)
            at += count
        if shape is not None:
            head = head.changed(shape=shape)
        return layout.with_head(head)

    def varied(
        self, reference: Variation, embedding: FloatArray, random: np.random.Generator, variety: float
    ) -> Variation:
        """One more picture of a portrait's person.

        What the features cannot express of the portrait's own style and head is kept: at variety 0 the result is the
        portrait itself.
        """
        assert reference.head is not None
        drawn, own = self.draw(embedding, random), self.features_of(reference, embedding)
        general = own.general + variety * (drawn.general - own.general)
        before, after = (self.identity(embedding, each.astype(np.float32))[0] for each in (own.general, general))
        start, end = self.styles.of_latent(before), self.styles.of_latent(after)
        style = StyleCode(
            reference.style.regions + end.regions - start.regions,
            reference.style.overall + end.overall - start.overall,
            reference.style.detail + end.detail - start.detail,
            reference.style.label,
        )
        posed = self._posed(reference, drawn.head, None)
        assert posed.head is not None
        head = reference.head.blend(posed.head, variety)
        return replace(posed, style=style, head=head.changed(shape=reference.head.shape, albedo=reference.head.albedo))

    def _scaled(self, embedding: FloatArray) -> torch.Tensor:
        scaled = (embedding - self._scales["identity_mean"]) / self._scales["identity"]
        return torch.from_numpy(scaled.astype(np.float32))[None]


def _noise_of(arrays: Arrays, name: str) -> int | None:
    """Length of the noise that a feature generator was trained with; None where its weights are missing."""
    mix = arrays.get(f"{name}.mix.weight")
    return int(mix.shape[1]) if mix is not None and mix.ndim == 2 else None


def _under(arrays: Arrays, name: str) -> dict[str, npt.NDArray[Any]]:
    start = f"{name}."
    return {key.removeprefix(start): value for key, value in arrays.items() if key.startswith(start)}


class FaceFeatMethod:
    """FaceFeat-GAN as a method of boards and data sets.

    Args:
        facefeat: the networks.
        recogniser, renderer: what gives the reference's identity feature.
    """

    name, title = "facefeat", "FaceFeat-GAN"

    def __init__(self, facefeat: FaceFeat, recogniser: FaceRecogniser, renderer: Renderer) -> None:
        self._facefeat, self._recogniser, self._renderer = facefeat, recogniser, renderer
        self._lock = threading.Lock()
        self._known: dict[tuple[Any, ...], FloatArray] = {}

    def prepare(self, reference: Variation) -> None:
        """As of `identity.variation.Method`: the identity feature."""
        self._embedding(reference)

    def variation(self, reference: Variation, random: np.random.Generator, variety: float) -> Variation:
        """As of `identity.variation.Method`."""
        return self._facefeat.varied(reference, self._embedding(reference), random, variety)

    def _embedding(self, reference: Variation) -> FloatArray:
        key = variation_key(reference)
        with self._lock:
            embedding = self._known.get(key)
        if embedding is None:
            picture = self._renderer.draw(reference)
            embedding = self._recogniser.embed([picture.pixels], [picture.frame])[0]
            with self._lock:
                self._known = {**dict(list(self._known.items())[-7:]), key: embedding}
        return embedding
