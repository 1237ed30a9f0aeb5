"""The canvas: mask, face and 3D head, and the tools that work on them."""
