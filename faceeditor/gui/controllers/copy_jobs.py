"""Background jobs that make a picture for the clipboard: the same that an export gives."""

from dataclasses import dataclass

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QColorSpace, QImage

from faceeditor.engine import JobContext, Output, RenderRequest
from faceeditor.engine.photo_export import ExportPhotograph
from faceeditor.engine.requests import FINE
from faceeditor.export import encode_picture
from faceeditor.export.photograph import SaveOptions, encode_photograph
from faceeditor.gui.imaging import to_qimage
from faceeditor.images import RGBArray
from faceeditor.images.source import to_srgb
from faceeditor.portrait.document import PortraitState

FOR_THE_CLIPBOARD = SaveOptions("png", bits=8, keep_position=False, srgb=True)
"""How a photograph is put on the clipboard: as programs expect it, and without the place where it was taken."""


@dataclass(frozen=True, eq=False)
class CopiedPicture:
    """A picture on its way to the clipboard: its pixels, and a PNG with colour space and provenance."""

    image: QImage
    png: bytes

    @classmethod
    def of(cls, pixels: RGBArray, png: bytes) -> "CopiedPicture":
        """The picture of (H, W, 3) uint8 sRGB pixels and their file."""
        image = to_qimage(pixels)
        image.setColorSpace(QColorSpace(QColorSpace.NamedColorSpace.SRgb))
        return cls(image, png)

    def mime_data(self) -> QMimeData:
        """What the clipboard gets."""
        data = QMimeData()
        data.setData("image/png", self.png)
        data.setImageData(self.image)
        return data


@dataclass(frozen=True, eq=False)
class CopyFace:
    """Draw a face at the generator's largest side -> `CopiedPicture`."""

    state: PortraitState

    def run(self, context: JobContext) -> CopiedPicture:
        """Raises FaceEditorError: the face cannot be drawn."""
        pixels = context.frame(RenderRequest.of(self.state, Output.of_side(FINE))).pixels
        context.ticket.check()
        return CopiedPicture.of(pixels, encode_picture(pixels))


@dataclass(frozen=True, eq=False)
class CopyPhotograph:
    """Make the edited photograph as an export does -> `CopiedPicture`.

    Attributes:
        export: what is made; its path and options are not used.
    """

    export: ExportPhotograph

    def run(self, context: JobContext) -> CopiedPicture:
        """Raises ImageError and ModelError."""
        source, made = self.export.made(context)
        samples = made.samples
        context.ticket.check()
        pixels = to_srgb(samples, source.icc, source.alpha)
        return CopiedPicture.of(pixels, encode_photograph(source, samples, FOR_THE_CLIPBOARD))
