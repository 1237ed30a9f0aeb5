"""A photograph comes in: find the face, align it, read its regions. torch is loaded when the first photograph comes."""
