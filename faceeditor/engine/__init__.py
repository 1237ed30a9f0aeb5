"""The engine: immutable requests in, frames out. The same one serves the window, the command line and the tests.

Importing it costs milliseconds; torch and OpenVINO are loaded on its worker thread, and only the one that is needed.
"""

from faceeditor.engine.core import Engine
from faceeditor.engine.jobs import EncodedPhoto, EncodePhoto, Job, JobContext, Thumbnails
from faceeditor.engine.lanes import JobHandle
from faceeditor.engine.photo_jobs import EmbedPhoto, PhotoReading, ReadHead, ReadPhoto
from faceeditor.engine.requests import EngineStatus, Frame, Morph, Output, RenderRequest
from faceeditor.engine.video_job import RenderVideo

__all__ = [
    "EmbedPhoto",
    "EncodePhoto",
    "EncodedPhoto",
    "Engine",
    "EngineStatus",
    "Frame",
    "Job",
    "JobContext",
    "JobHandle",
    "Morph",
    "Output",
    "PhotoReading",
    "ReadHead",
    "ReadPhoto",
    "RenderRequest",
    "RenderVideo",
    "Thumbnails",
]
