"""OpenRaster files (.ora), which Krita, GIMP and MyPaint open: a zip archive of PNGs and a list of layers.

After the OpenRaster specification, baseline, version 0.0.3 (freedesktop.org, "File Layout" and "Layers Stack").
"""

import io
import zipfile
from typing import BinaryIO
from xml.etree import ElementTree

import cv2
import numpy as np

from faceeditor.export.encoding import Metadata, encode, with_bits
from faceeditor.export.layers import Group, Layer, LayeredPicture, Outline, Samples
from faceeditor.images.files import MAX_FILE
from faceeditor.images.source import source_of, to_srgb

MIMETYPE = "image/openraster"
_VERSION = "0.0.3"
_THUMBNAIL = 256
_SRGB_PNG = Metadata()


def write_openraster(stream: BinaryIO, picture: LayeredPicture, bits: int) -> None:
    """Write the content of an .ora file with 8 or 16 bits per sample into a stream.

    The merged picture carries the document's metadata; every PNG carries its colour profile.
    """
    width, height = picture.width, picture.height
    image = ElementTree.Element("image", version=_VERSION, w=str(width), h=str(height))
    if picture.metadata.resolution is not None:
        for name, value in zip(("xres", "yres"), picture.metadata.resolution, strict=True):
            image.set(name, str(round(value)))
    plain = Metadata(icc=picture.metadata.icc, resolution=picture.metadata.resolution)
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        _add(archive, "mimetype", MIMETYPE.encode("ascii"))
        stack = ElementTree.SubElement(image, "stack")
        number = 0
        # The first element of a stack is its topmost layer.
        for entry in reversed(picture.layers):
            parent = stack
            if isinstance(entry, Group):
                parent = ElementTree.SubElement(stack, "stack", name=entry.name, isolation="auto")
            for layer in reversed(entry.layers) if isinstance(entry, Group) else (entry,):
                name = f"data/layer{number:03}.png"
                number += 1
                parent.append(_element(layer, name))
                alpha = None if layer.alpha is None else with_bits(layer.alpha, bits)
                _add(archive, name, encode(layer.samples, "png", plain, alpha=alpha, bits=bits))
        merged = encode(picture.merged, "png", picture.metadata, alpha=picture.merged_alpha, bits=bits)
        _add(archive, "mergedimage.png", merged)
        _add(archive, "Thumbnails/thumbnail.png", _thumbnail(picture))
        ElementTree.indent(image)
        _add(archive, "stack.xml", ElementTree.tostring(image, encoding="UTF-8", xml_declaration=True))


def openraster_outline(data: bytes) -> Outline:
    """What an .ora file holds; any exception if it is damaged."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        # Expat limits what entities unfold to, and loads no others.
        image = ElementTree.fromstring(_member(archive, "stack.xml", 1 << 22))
        merged = source_of(_member(archive, "mergedimage.png", MAX_FILE), "mergedimage.png")
    names = []

    def walk(stack: ElementTree.Element, before: str) -> None:
        for entry in stack:
            name = before + entry.get("name", "")
            if entry.tag == "stack":
                walk(entry, f"{name}/")
            else:
                names.append(name if entry.get("visibility", "visible") == "visible" else f"({name})")

    for stack in image.findall("stack"):
        walk(stack, "")
    return Outline("ora", merged.width, merged.height, merged.bits, tuple(names), merged.xmp)


def _member(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """The content of a member, which may not unpack to more than the limit."""
    if archive.getinfo(name).file_size > limit:
        raise ValueError(f"{name} is too large")
    return archive.read(name)


def _element(layer: Layer, name: str) -> ElementTree.Element:
    return ElementTree.Element(
        "layer",
        {
            "name": layer.name,
            "src": name,
            "x": str(layer.left),
            "y": str(layer.top),
            "opacity": "1.0",
            "visibility": "visible" if layer.visible else "hidden",
            "composite-op": "svg:src-over",
        },
    )


def _thumbnail(picture: LayeredPicture) -> bytes:
    """A PNG of at most 256 pixels a side in sRGB."""
    scale = min(1.0, _THUMBNAIL / max(picture.width, picture.height))
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    small: Samples = np.asarray(cv2.resize(picture.merged, size, interpolation=cv2.INTER_AREA))
    pixels = to_srgb(small, picture.metadata.icc)
    alpha = picture.merged_alpha
    if alpha is not None:
        alpha = with_bits(np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)), 8)
    return encode(pixels, "png", _SRGB_PNG, alpha=alpha)


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    """Add a member, uncompressed and with a fixed date, so that equal documents give equal files."""
    archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
