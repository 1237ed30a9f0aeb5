"""Files of documents with layers."""

from faceeditor.errors import ImageError
from faceeditor.export.layers import LayeredPicture, Outline
from faceeditor.export.openraster import encode_openraster, openraster_outline
from faceeditor.export.photoshop import encode_photoshop, photoshop_outline


def encode_layers(picture: LayeredPicture, kind: str, bits: int | None = None) -> bytes:
    """The content of a file with layers.

    Args:
        picture: the document.
        kind: "ora" or "psd".
        bits: 8 or 16; None: as the merged picture.

    Raises:
        ImageError: the document is too large for the format.
    """
    bits = bits or picture.merged.dtype.itemsize * 8
    if kind == "ora":
        return encode_openraster(picture, bits)
    return encode_photoshop(picture, bits)


def read_outline(data: bytes, name: str) -> Outline | None:
    """What a document with layers holds; None for another kind of file.

    Raises:
        ImageError: it is damaged.
    """
    try:
        if data[:2] == b"PK" and b"image/openraster" in data[:128]:
            return openraster_outline(data)
        if data[:4] == b"8BPS":
            return photoshop_outline(data)
    except Exception as error:  # parsers of foreign files raise whatever comes up
        raise ImageError(f"“{name}” is damaged ({error}); fetch it again or export it anew.") from error
    return None
