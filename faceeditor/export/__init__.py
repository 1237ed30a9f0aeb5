"""Export: pictures and masks with colour profile and provenance."""

from faceeditor.export.picture import encode_picture, format_of, scaled, sheet, side_by_side, write_mask, write_picture

__all__ = ["encode_picture", "format_of", "scaled", "sheet", "side_by_side", "write_mask", "write_picture"]
