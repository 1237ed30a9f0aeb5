"""The formats in which pictures are written: one table for writers, dialogs and the command line."""

from dataclasses import dataclass
from pathlib import Path

from faceeditor.errors import ImageError


@dataclass(frozen=True)
class Format:
    """A format of files.

    Attributes:
        kind: its short name, as `images.SourceImage.kind`.
        name: its name for the user.
        suffixes: endings of its files, the usual one first.
        deep: keeps 16 bits per sample.
        lossy: has a quality, and changes every pixel below the highest one.
        transparent: keeps an alpha channel.
        layered: keeps layers.
    """

    kind: str
    name: str
    suffixes: tuple[str, ...]
    deep: bool = False
    lossy: bool = False
    transparent: bool = False
    layered: bool = False

    @property
    def suffix(self) -> str:
        """The usual ending, with its dot."""
        return self.suffixes[0]


FORMATS: tuple[Format, ...] = (
    Format("png", "PNG", (".png",), deep=True, transparent=True),
    Format("jpeg", "JPEG", (".jpg", ".jpeg"), lossy=True),
    Format("webp", "WebP", (".webp",), lossy=True, transparent=True),
    Format("tiff", "TIFF", (".tiff", ".tif"), deep=True, transparent=True),
    Format("avif", "AVIF", (".avif",), lossy=True, transparent=True),
    Format("ora", "OpenRaster", (".ora",), deep=True, transparent=True, layered=True),
    Format("psd", "Photoshop", (".psd",), deep=True, transparent=True, layered=True),
)
"""Every format that is written."""

_BY_KIND = {each.kind: each for each in FORMATS}
_BY_SUFFIX = {suffix: each for each in FORMATS for suffix in each.suffixes}


def is_written(kind: str) -> bool:
    """Whether pictures are written in a kind of file."""
    return kind in _BY_KIND


def format_named(kind: str) -> Format:
    """The format with a short name.

    Raises:
        ImageError: there is none.
    """
    if kind not in _BY_KIND:
        raise ImageError(f"The format “{kind}” cannot be written; choose {_listed([f.name for f in FORMATS])}.")
    return _BY_KIND[kind]


def format_of(path: str | Path, layered: bool = False) -> Format:
    """The format that a file name asks for.

    Args:
        path: the file.
        layered: whether formats with layers are possible.

    Raises:
        ImageError: the ending belongs to none of the possible formats.
    """
    path = Path(path)
    found = _BY_SUFFIX.get(path.suffix.lower())
    if found is None or (found.layered and not layered):
        endings = _listed([each.suffix for each in FORMATS if layered or not each.layered])
        raise ImageError(f"“{path.name}” does not say which format to write; let it end in {endings}.")
    return found


def _listed(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"
