"""Background work: the edited photograph as a file."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from faceeditor.engine.edit_list import edit_list
from faceeditor.engine.jobs import JobContext
from faceeditor.engine.photo_edit import EditedPhotograph, FaceEdit, edited_photograph, three_channels

if TYPE_CHECKING:
    from faceeditor.export.photograph import SaveOptions
    from faceeditor.images import SourceImage

Samples = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class ExportedPhotograph:
    """A written file.

    Attributes:
        path: the file.
        edited: whether any sample differs from the photograph's.
    """

    path: Path
    edited: bool


@dataclass(frozen=True, eq=False)
class ExportPhotograph:
    """Make the edited photograph and write it -> `ExportedPhotograph`.

    Attributes:
        source: the photograph.
        edits: what is wanted of its faces.
        path: the file to write; its ending chooses the format unless the options do.
        options: `export.photograph.SaveOptions`.
        crop: left, top, right, bottom in pixels of the photograph, None: all of it.
        longer: longer side of the result in pixels, None: as it is.
    """

    source: "SourceImage"
    edits: tuple[FaceEdit, ...]
    path: Path
    options: "SaveOptions"
    crop: tuple[int, int, int, int] | None = None
    longer: int | None = None

    def run(self, context: JobContext) -> ExportedPhotograph:
        """Raises ImageError, ModelError and FaceEditorError (the file cannot be written)."""
        from faceeditor.export.documents import photograph_document
        from faceeditor.export.formats import format_named, format_of
        from faceeditor.export.layer_files import write_layers
        from faceeditor.export.photograph import Cutout, encode_photograph, is_untouched
        from faceeditor.images import write_atomic
        from faceeditor.photo.cutout import foreground

        options = self.options
        if options.kind is None:
            options = replace(options, kind=format_of(self.path, layered=True).kind)
        assert options.kind is not None
        layered = format_named(options.kind).layered
        source, made = self.made(context, with_alpha=options.transparent or layered)
        samples, alpha = made.samples, made.alpha
        untouched = is_untouched(source, samples)
        context.progress(0.85, "Writing the file")
        cutout = None
        if options.transparent and alpha is not None:
            top = np.iinfo(samples.dtype).max
            if source.alpha is not None:
                alpha = alpha * (source.alpha.astype(np.float32) / np.float32(top))
            colours = foreground(three_channels(samples), alpha)[..., : samples.shape[2]]
            cutout = Cutout(colours, np.rint(alpha * np.float32(top)).astype(samples.dtype))
        context.ticket.check()
        if layered:
            assert alpha is not None
            document = photograph_document(source, samples, made.faces, alpha, options, cutout)
            write_layers(self.path, document, options.kind, options.bits)
        else:
            data = encode_photograph(source, samples, options, cutout)
            if options.sign and data is not self.source.data:
                data = self._signed(data, options.kind, edited=not untouched)
            write_atomic(self.path, data)
        context.progress(1.0, "Done")
        return ExportedPhotograph(self.path, not untouched)

    def made(self, context: JobContext, with_alpha: bool = False) -> "tuple[SourceImage, EditedPhotograph]":
        """The photograph as it is cut and sized, and what is made of it.

        Args:
            context: of the job.
            with_alpha: find out how opaque its people are.

        Raises:
            ImageError, ModelError: it cannot be made.
        """
        part = replace(context, progress=lambda share, text: context.progress(0.8 * share, text))
        source, made = self.source, edited_photograph(self.source, self.edits, part, with_alpha)
        if self.crop is None and self.longer is None:
            return source, made
        samples = self._fitted(made.samples)
        own = samples if made.samples is source.samples else self._fitted(source.samples)
        alpha, clear = (
            None if plane is None else self._fitted(plane[..., None])[..., 0] for plane in (made.alpha, source.alpha)
        )
        left, top = (0, 0) if self.crop is None else self.crop[:2]
        faces = tuple((placed.moved(left, top).scaled(self._scale()), labels) for placed, labels in made.faces)
        return replace(source, samples=own, alpha=clear, data=b""), EditedPhotograph(samples, faces, alpha)

    def _signed(self, data: bytes, kind: str, edited: bool) -> bytes:
        """The file with content credentials: what was done, and the photograph with those that it has."""
        from faceeditor.export.credentials import Action, Parent, sign
        from faceeditor.images.provenance import COMPOSITE_SOURCE_TYPE

        actions = []
        if edited:
            done = [sentence for edit in self.edits for sentence in edit_list(edit)] or [""]
            actions += [Action("edited", sentence, COMPOSITE_SOURCE_TYPE) for sentence in done]
        if self.options.transparent:
            actions.append(Action("edited", "Background left out"))
        if self.crop is not None:
            actions.append(Action("cropped"))
        if self.longer is not None:
            actions.append(Action("resized"))
        if kind != self.source.kind:
            actions.append(Action("converted"))
        parent = Parent(self.source.data, self.source.kind, self.source.name)
        return sign(data, kind, self.path.name, actions, parent)

    def _scale(self) -> float:
        """Pixels of the result per pixel of what is cut out."""
        left, top, right, bottom = self.crop or (0, 0, self.source.width, self.source.height)
        return 1.0 if self.longer is None else self.longer / max(right - left, bottom - top)

    def _fitted(self, samples: Samples) -> Samples:
        """Samples (H, W, C) cut and reduced or enlarged as asked for."""
        import cv2

        if self.crop is not None:
            left, top, right, bottom = self.crop
            samples = samples[top:bottom, left:right]
        scale = self._scale()
        if scale == 1.0:
            return samples
        height, width = samples.shape[:2]
        size = max(1, round(width * scale)), max(1, round(height * scale))
        how = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LANCZOS4
        scaled = cv2.resize(np.ascontiguousarray(samples), size, interpolation=how)
        return np.asarray(scaled if scaled.ndim == 3 else scaled[..., None], samples.dtype)
