"""What a device calculates in."""

import torch


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device calculates in bfloat16; a processor that does not would take many times as long."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
