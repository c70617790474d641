"""Parts of `tools/ablations.py`: what is compared, how it is trained and measured, and the report."""
