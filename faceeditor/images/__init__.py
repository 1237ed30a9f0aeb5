"""Pictures in: of every common kind, with their profile and metadata; files out: whole or not at all."""

from faceeditor.images.decode import decode, decode_bytes
from faceeditor.images.files import read_bytes, target_of, write_atomic, write_error
from faceeditor.images.limits import MAX_MEGAPIXELS
from faceeditor.images.source import RGBArray, SourceImage, open_picture, read_source

__all__ = [
    "MAX_MEGAPIXELS",
    "RGBArray",
    "SourceImage",
    "decode",
    "decode_bytes",
    "open_picture",
    "read_bytes",
    "read_source",
    "target_of",
    "write_atomic",
    "write_error",
]
