"""Export: pictures and masks with colour profile and provenance, and documents with layers."""

from faceeditor.export.formats import FORMATS, format_of
from faceeditor.export.picture import encode_picture, scaled, sheet, side_by_side, write_mask, write_picture

__all__ = [
    "FORMATS", "encode_picture", "format_of", "scaled", "sheet", "side_by_side", "write_mask", "write_picture",
]  # fmt: skip
