"""Names in the model pack of the mask-guided generator, without torch: training writes it, the generators read it."""

PACK = "mask-guided"
GENERATOR_FILE = "generator.safetensors"
ENCODER_FILE = "encoder.safetensors"
DECODER_FILE = "decoder.safetensors"
FINE_FILE = "fine.safetensors"
"""File of the scale that draws at 512; a pack without it draws 512 as an enlarged 256."""
