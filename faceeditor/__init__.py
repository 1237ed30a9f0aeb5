"""Face Editor: paint a mask, see a face."""

__version__ = "0.1.0"
