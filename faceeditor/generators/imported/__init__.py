"""Generators that the user brings: read without running code, converted to model packs, and drawn with."""
