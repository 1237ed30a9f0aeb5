"""What is in a document with layers: of an edited photograph, and of a drawn face."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.export.encoding import QUALITY
from faceeditor.export.enlarging import scaled_face
from faceeditor.export.formats import format_of
from faceeditor.export.layer_files import write_layers
from faceeditor.export.layers import (
    Group,
    Layer,
    LayeredPicture,
    matte_layer,
    region_layers,
)
from faceeditor.export.photograph import Cutout, SaveOptions, described, is_untouched
from faceeditor.export.picture import RGBArray, encode_picture, made_metadata, signed_as_made
from faceeditor.images import SourceImage, write_atomic
from faceeditor.images.source import to_srgb
from faceeditor.photo.cutout import foreground
from faceeditor.photo.placement import Placement
from faceeditor.regions import MASK_SIZE, PALETTE, REGION_NAMES, MaskArray, Region

Samples = npt.NDArray[Any]
FloatArray = npt.NDArray[np.float32]

SOURCE, RESULT, REGIONS, MATTE = "Source", "Result", "Regions", "Person matte"
"""Names of layers and groups."""

_SOFT = 0.9
"""Standard deviation in mask pixels of the soft edge of a drawn person."""
_EDGE = (0.5, 0.92)
"""Levels of the softened mask at which a drawn person begins and is opaque."""
_WHITE = np.full(3, 255, np.uint8)


def photograph_document(
    source: SourceImage,
    samples: Samples,
    faces: Sequence[tuple[Placement, MaskArray]],
    alpha: FloatArray,
    options: SaveOptions,
    cutout: Cutout | None = None,
) -> LayeredPicture:
    """The document of an edited photograph.

    From the bottom: the source, the result, hidden the background, for each face its regions, and the matte of the
    people. Grey photographs with a profile become sRGB, so that regions have their colours.

    Args:
        source: the photograph.
        samples: (H, W, 1 or 3) the edited one, as of `photograph.encode_photograph`.
        faces: where each face lies, and its (256, 256) regions.
        alpha: (H, W) 0..1 opacity of the people.
        options: how it is written.
        cutout: the people without background; the source below them is hidden then.
    """
    metadata = described(source, options, "", marked=not is_untouched(source, samples))
    converted = source.icc is not None and (options.srgb or samples.shape[2] == 1)
    if converted:
        metadata = replace(metadata, icc=None)

    def in_colour(values: Samples) -> Samples:
        if converted:
            return to_srgb(values, source.icc)
        return values if values.shape[2] == 3 else np.broadcast_to(values, (*values.shape[:2], 3))

    height, width = samples.shape[:2]
    result = Layer(RESULT, in_colour(samples), source.alpha)
    if cutout is not None:
        result = Layer(RESULT, in_colour(cutout.colours), cutout.alpha)
    matte = matte_layer(MATTE, _WHITE, alpha)
    layers: list[Layer | Group] = [
        Layer(SOURCE, in_colour(source.samples), source.alpha, visible=cutout is None),
        result,
        _inverse(matte, REGION_NAMES[Region.BACKGROUND], PALETTE[Region.BACKGROUND]),
    ]
    for number, (placement, labels) in enumerate(faces, 1):
        name = REGIONS if len(faces) == 1 else f"{REGIONS} of face {number}"
        layers.append(Group(name, region_layers(labels, placement, width, height, without=(Region.BACKGROUND,))))
    layers.append(matte)
    return LayeredPicture(tuple(layers), result.samples, result.alpha, metadata)


def _inverse(matte: Layer, name: str, colour: npt.NDArray[np.uint8]) -> Layer:
    """A layer of one colour that is opaque where a matte is not."""
    assert matte.alpha is not None
    return replace(matte, name=name, samples=np.broadcast_to(colour, matte.samples.shape), alpha=255 - matte.alpha)


def face_document(pixels: RGBArray, mask: MaskArray, transparent: bool = False) -> LayeredPicture:
    """The document of a drawn face: the result, its regions, and the matte of the person, both hidden.

    Args:
        pixels: (S, S, 3) uint8 sRGB.
        mask: (256, 256) uint8, as it was drawn.
        transparent: leave the background out of the result.
    """
    alpha = face_alpha(mask, len(pixels))
    result = Layer(RESULT, *cut_face(pixels, mask)) if transparent else Layer(RESULT, pixels)
    regions = region_layers(mask, _whole(len(pixels)), len(pixels), len(pixels))
    layers = (result, Group(REGIONS, regions), matte_layer(MATTE, _WHITE, alpha))
    return LayeredPicture(layers, result.samples, result.alpha, made_metadata())


def cut_face(pixels: RGBArray, mask: MaskArray) -> tuple[RGBArray, npt.NDArray[np.uint8]]:
    """A drawn face without its background: colours (S, S, 3) uint8 and opacity (S, S) uint8.

    Args:
        pixels: (S, S, 3) uint8 sRGB.
        mask: (256, 256) uint8, as it was drawn.
    """
    alpha = face_alpha(mask, len(pixels))
    return np.asarray(foreground(pixels, alpha), np.uint8), np.rint(alpha * np.float32(255)).astype(np.uint8)


def write_face(
    path: str | Path,
    pixels: RGBArray,
    mask: MaskArray,
    size: int | None = None,
    quality: int = QUALITY,
    transparent: bool = False,
    sign: bool = False,
) -> None:
    """Write a drawn face; the file's ending chooses the format, with or without layers.

    Args:
        path: the file.
        pixels: (S, S, 3) uint8 sRGB.
        mask: (256, 256) uint8, as it was drawn.
        size: side in pixels, None: as it is.
        quality: 1..100 of lossy formats.
        transparent: leave the background out.
        sign: add signed content credentials.

    Raises:
        ImageError: another ending, an impossible size, or no transparency in that format.
        FaceEditorError: the file cannot be written; what was there before stays.
    """
    target = format_of(path, layered=True)
    options = SaveOptions(target.kind, quality=quality, transparent=transparent, sign=sign)
    if size is not None:
        pixels = scaled_face(pixels, size)
    if target.layered:
        write_layers(path, face_document(pixels, mask, transparent), target.kind)
        return
    colours, alpha = cut_face(pixels, mask) if transparent else (pixels, None)
    data = encode_picture(colours, target.kind, options.quality, alpha)
    if sign:
        data = signed_as_made(data, target.kind, Path(path).name)
    write_atomic(path, data)


def face_alpha(mask: MaskArray, side: int) -> FloatArray:
    """(side, side) 0..1 opacity of the person that a mask (256, 256) shows.

    The soft edge lies inside of the mask's outline, because the generator's hair fades into its background there.
    """
    person = (mask != Region.BACKGROUND).astype(np.float32)
    soft = cv2.GaussianBlur(person, (0, 0), _SOFT, borderType=cv2.BORDER_REPLICATE)
    large = cv2.resize(soft, (side, side), interpolation=cv2.INTER_CUBIC if side > MASK_SIZE else cv2.INTER_AREA)
    low, high = _EDGE
    return np.asarray(np.clip((large - low) / (high - low), 0, 1), np.float32)


def _whole(side: int) -> Placement:
    """A mask that fills a square."""
    scale = side / MASK_SIZE
    return Placement(np.array([[scale, 0.0, 0.0], [0.0, scale, 0.0]]))
