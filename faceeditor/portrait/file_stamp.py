"""What tells whether a file was changed by somebody else since it was read or written here."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FileStamp:
    """A file at one moment: where it lies, its size, its time of change in nanoseconds and its number on the disk."""

    path: Path
    size: int
    changed: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> "FileStamp | None":
        """The stamp of a file; None if there is none."""
        try:
            facts = path.stat()
        except (OSError, ValueError):
            return None
        return cls(path.absolute(), facts.st_size, facts.st_mtime_ns, facts.st_ino)

    def was_changed(self, path: Path) -> bool:
        """Whether a path leads to this file and the file is not as it was; a file that is gone does not count."""
        if path.absolute() != self.path:
            return False
        now = FileStamp.of(path)
        return now is not None and now != self
