"""Files of documents with layers."""

from pathlib import Path

from faceeditor.errors import ImageError
from faceeditor.export.layers import LayeredPicture, Outline
from faceeditor.export.openraster import openraster_outline, write_openraster
from faceeditor.export.photoshop import photoshop_outline, write_photoshop
from faceeditor.images import write_atomic


def write_layers(path: str | Path, picture: LayeredPicture, kind: str, bits: int | None = None) -> None:
    """Write a file with layers, layer by layer.

    Args:
        path: the file.
        picture: the document.
        kind: "ora" or "psd".
        bits: 8 or 16; None: as the merged picture.

    Raises:
        ImageError: the document is too large for the format.
        FaceEditorError: the file cannot be written; what was there before stays.
    """
    depth = bits or picture.merged.dtype.itemsize * 8
    write = write_openraster if kind == "ora" else write_photoshop
    write_atomic(path, lambda stream: write(stream, picture, depth))


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
