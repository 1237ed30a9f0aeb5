"""Photoshop documents (.psd), by psd-tools."""

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from faceeditor.errors import ImageError
from faceeditor.export.encoding import Metadata, with_bits
from faceeditor.export.layers import Group, Layer, LayeredPicture, Outline
from faceeditor.export.metadata import plain_iptc, upright_exif

if TYPE_CHECKING:
    from psd_tools.api.layers import GroupMixin
    from psd_tools.psd.image_resources import ImageResources

MAX_SIDE = 30_000
"""Largest side of a Photoshop document in pixels."""
_PER_INCH = 1


def encode_photoshop(picture: LayeredPicture, bits: int) -> bytes:
    """The content of a .psd file with 8 or 16 bits per sample, with the document's metadata.

    Raises:
        ImageError: the document is larger than the format allows.
    """
    from psd_tools import PSDImage
    from psd_tools.constants import ColorMode, Compression
    from psd_tools.psd import PSD
    from psd_tools.psd.header import FileHeader
    from psd_tools.psd.image_data import ImageData

    if max(picture.width, picture.height) > MAX_SIDE:
        raise ImageError(
            f"A Photoshop document has at most {MAX_SIDE:,} pixels a side, this one has {picture.width:,} x "
            f"{picture.height:,}; choose OpenRaster."
        )
    planes = [with_bits(picture.merged, bits)[..., channel] for channel in range(3)]
    if picture.merged_alpha is not None:
        planes.append(with_bits(picture.merged_alpha, bits))
    header = FileHeader(
        channels=len(planes), height=picture.height, width=picture.width, depth=bits, color_mode=ColorMode.RGB
    )
    merged = ImageData(compression=Compression.RLE)
    merged.set_data([_big_endian(plane) for plane in planes], header)
    record = PSD(header=header, image_resources=_resources(picture.metadata), image_data=merged)
    document = PSDImage(record)
    for entry in picture.layers:
        if isinstance(entry, Group):
            group = document.create_group(name=entry.name, open_folder=False)
            for layer in entry.layers:
                _add(group, layer, bits)
        else:
            _add(document, entry, bits)
    layers = record.layer_and_mask_information.layer_info
    if picture.merged_alpha is not None and layers is not None:
        # By the file format a negative count says that the fourth channel is the transparency of the merged picture.
        layers.layer_count = -abs(layers.layer_count)
    stream = io.BytesIO()
    # `PSDImage.save` would blend the merged picture anew.
    record.write(stream)
    return stream.getvalue()


def photoshop_outline(data: bytes) -> Outline:
    """What a .psd file holds; any exception if it is damaged."""
    from psd_tools import PSDImage
    from psd_tools.constants import Resource

    document = PSDImage.open(io.BytesIO(data))
    names: list[str] = []

    def walk(group: Any, before: str) -> None:
        for layer in reversed(list(group)):
            name = before + layer.name
            if layer.is_group():
                walk(layer, f"{name}/")
            else:
                names.append(name if layer.visible else f"({name})")

    walk(document, "")
    xmp = document.image_resources.get_data(Resource.XMP_METADATA)
    return Outline("psd", document.width, document.height, document.depth, tuple(names), xmp)


def _add(parent: "GroupMixin", layer: Layer, bits: int) -> None:
    made = parent.create_pixel_layer_from_array(layer.pixels(bits), layer.name, top=layer.top, left=layer.left)
    made.visible = layer.visible


def _resources(metadata: Metadata) -> "ImageResources":
    """The document's metadata as blocks of the file."""
    from psd_tools.constants import Resource
    from psd_tools.psd.image_resources import ImageResource, ImageResources, ResoulutionInfo

    resources = ImageResources.new()
    blocks: dict[Resource, Any] = {
        Resource.ICC_PROFILE: metadata.icc,
        Resource.XMP_METADATA: metadata.xmp,
        Resource.EXIF_DATA_1: upright_exif(metadata.exif) if metadata.exif else None,
        Resource.IPTC_NAA: plain_iptc(metadata.iptc),
    }
    if metadata.resolution is not None:
        x, y = (round(value * 65536) for value in metadata.resolution)
        blocks[Resource.RESOLUTION_INFO] = ResoulutionInfo(x, _PER_INCH, _PER_INCH, y, _PER_INCH, _PER_INCH)
    for key, value in blocks.items():
        if value:
            resources[key] = ImageResource(key=key, data=value)
    return resources


def _big_endian(plane: npt.NDArray[Any]) -> bytes:
    return np.ascontiguousarray(plane, ">u2" if plane.dtype == np.uint16 else np.uint8).tobytes()
