"""Measures of a video against the true one: each a pure function of frames, defined exactly in its docstring."""
