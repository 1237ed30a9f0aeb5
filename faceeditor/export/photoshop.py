"""Photoshop documents (.psd), by psd-tools."""

import io
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import numpy.typing as npt

from faceeditor.errors import ImageError
from faceeditor.export.encoding import Metadata, with_bits
from faceeditor.export.layers import Group, Layer, LayeredPicture, Outline
from faceeditor.export.metadata import plain_iptc, upright_exif
from faceeditor.images.vips import strips

if TYPE_CHECKING:
    from psd_tools.api.layers import GroupMixin
    from psd_tools.psd.image_resources import ImageResources

MAX_SIDE = 30_000
"""Largest side of a Photoshop document in pixels."""
_PER_INCH = 1


def write_photoshop(stream: BinaryIO, picture: LayeredPicture, bits: int) -> None:
    """Write the content of a .psd file with 8 or 16 bits per sample, with the document's metadata.

    Layers are compressed (PackBits) plane by plane in strips: beside the document only its compressed planes are in
    memory.

    Args:
        stream: can be sought in.
        picture: the document.
        bits: 8 or 16.

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
    planes = [picture.merged[..., channel] for channel in range(3)]
    if picture.merged_alpha is not None:
        planes.append(picture.merged_alpha)
    header = FileHeader(
        channels=len(planes), height=picture.height, width=picture.width, depth=bits, color_mode=ColorMode.RGB
    )
    record = PSD(header=header, image_resources=_resources(picture.metadata))
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
    counts, rows = zip(*(_packed(plane, bits) for plane in planes), strict=True)
    record.image_data = ImageData(compression=Compression.RLE, data=b"".join(chain(*counts, *rows)))
    # `PSDImage.save` would blend the merged picture anew.
    record.write(stream)


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
    from psd_tools.constants import Compression
    from psd_tools.psd.layer_and_mask import ChannelData

    height, width = layer.samples.shape[:2]
    # psd-tools would keep the whole layer as floats: it makes one of a single pixel, which then gets its planes.
    pixel = np.zeros((1, 1, 4), np.uint8)
    made = parent.create_pixel_layer_from_array(pixel, layer.name, top=layer.top, left=layer.left)
    made.visible = layer.visible
    made._record.bottom, made._record.right = layer.top + height, layer.left + width
    opacity = layer.alpha
    if opacity is None:
        opacity = np.broadcast_to(np.array(np.iinfo(layer.samples.dtype).max, layer.samples.dtype), (height, width))
    planes = (opacity, *(layer.samples[..., channel] for channel in range(3)))
    for number, plane in enumerate(planes):
        counts, rows = _packed(plane, bits)
        made._channels[number] = ChannelData(Compression.RLE, b"".join(chain(counts, rows)))


def _packed(plane: npt.NDArray[Any], bits: int) -> tuple[list[bytes], list[bytes]]:
    """A plane (h, w) of 8 or 16 bits as PackBits: strips of the rows' lengths, and of the rows."""
    from psd_tools.compression import encode_rle

    counts, rows = [], []
    height, width = plane.shape
    for part in strips(height, width * bits // 8):
        strip = with_bits(plane[part], bits)
        packed = encode_rle(_big_endian(strip), width, len(strip), bits, 1)
        counts.append(packed[: 2 * len(strip)])
        rows.append(packed[2 * len(strip) :])
    return counts, rows


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
