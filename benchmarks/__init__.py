"""Benchmarks: what sampling, training and finding poses cost. `python -m benchmarks --json FILE` runs them."""
