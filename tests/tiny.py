"""Sizes and weights of the tiny networks that tests build."""

import torch

TINY_UNET = {
    "block_out_channels": (16, 32),
    "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
    "layers_per_block": 1,
    "cross_attention_dim": 24,
    "num_attention_heads": 2,
    "norm_num_groups": 8,
}
TINY_TEMPORAL = {"temporal_num_heads": 2, "temporal_norm_num_groups": 8, "temporal_max_frames": 8}


def randomised(model: torch.nn.Module, seed: int) -> torch.nn.Module:
    """Fills every parameter, those that start at zero too, so that each part has an effect."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim > 1:
                fan_in = parameter[0].numel()
                parameter.copy_(torch.randn(parameter.shape, generator=generator) / fan_in**0.5)
            elif name.endswith("bias"):
                parameter.copy_(0.02 * torch.randn(parameter.shape, generator=generator))
    return model.eval()
