"""Parts of `tools/measure.py`: the videos that are compared, the sheet of examples, and the report."""
