"""Short strings as strokes: a blocky font on a grid three points wide and five high."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from animate_anyone.data.procedural.arrays import Array

WIDTH, HEIGHT, ADVANCE = 2.0, 4.0, 3.3
"""Of a letter, and from one letter to the next, in grid steps."""

# A string is a stroke through points of the grid, which are named by letters: a to c the top row, m to o the last.
GLYPHS: Mapping[str, tuple[str, ...]] = {
    "0": ("acoma",), "1": ("dbn",), "2": ("acigmo",), "3": ("acom", "gi"), "4": ("agi", "co"),
    "5": ("cagiom",), "6": ("camoig",), "7": ("acn",), "8": ("acoma", "gi"), "9": ("igacom",),
    "A": ("mdbfo", "gi"), "B": ("abfhlnma", "gh"), "C": ("camo",), "E": ("camo", "gi"), "F": ("cam", "gi"),
    "G": ("camoih",), "H": ("am", "co", "gi"), "J": ("comj",), "K": ("am", "cgo"), "L": ("amo",), "M": ("mahco",),
    "N": ("maoc",), "O": ("acoma",), "P": ("macig",), "R": ("macigo",), "S": ("cagiom",), "T": ("ac", "bn"),
    "U": ("amoc",), "V": ("anc",), "W": ("amhoc",), "X": ("ao", "cm"), "Y": ("ahc", "hn"), "Z": ("acmo",),
}  # fmt: skip
ALPHABET = "ABCEFGHJKLMNOPRSTUVWXYZ"


def strokes(text: str) -> Array:
    """Line segments (S, 2, 2) of a text, centred on the origin, y down; capital letters are 1 high.

    Raises:
        KeyError: The font has no such sign.
    """
    lines = [
        np.array([_grid(start), _grid(end)]) + np.array([index * ADVANCE, 0.0])
        for index, sign in enumerate(text)
        for stroke in GLYPHS[sign]
        for start, end in pairwise(stroke)
    ]
    middle = np.array([(len(text) - 1) * ADVANCE + WIDTH, HEIGHT]) / 2
    return (np.stack(lines) - middle) / HEIGHT


def text_width(text: str) -> float:
    """The width of a text whose capital letters are 1 high."""
    return ((len(text) - 1) * ADVANCE + WIDTH) / HEIGHT


def _grid(point: str) -> tuple[float, float]:
    row, across = divmod(ord(point) - ord("a"), 3)
    return float(across), float(row)
