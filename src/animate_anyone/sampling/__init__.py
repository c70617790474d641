"""Noise schedule, window plans, guidance and the denoising loop. Nothing here knows a network."""
