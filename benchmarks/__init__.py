"""Benchmarks: what the sampling pipeline costs beside a plain loop. `python -m benchmarks --json FILE` runs them."""
