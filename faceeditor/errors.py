"""Errors that a user can cause or meet. Their text is one sentence that says what is wrong and what to do."""


class FaceEditorError(Exception):
    """Base of all errors whose message is fit to be shown to the user."""


class ImageError(FaceEditorError):
    """A picture or mask file cannot be used."""


class PortraitError(FaceEditorError):
    """A portrait file cannot be read or written."""


class ModelError(FaceEditorError):
    """A model pack is missing, damaged or of another version."""


class EngineError(FaceEditorError):
    """The engine could not make a frame (device lost, out of memory ...)."""


class Cancelled(FaceEditorError):  # noqa: N818 - a signal, not a failure
    """The user stopped a long piece of work."""
