"""Characters drawn by hand, in styles that the procedural characters do not have, each with its pose.

They show what a model does with pictures that are unlike those it learnt from. `canvas.py` has the techniques,
`drawing.py` the value that a character is; the other files paint.
"""

from drawings.creatures import CAT, SNOWMAN
from drawings.drawing import Drawing
from drawings.made import ASTRONAUT, KNIGHT, PAPER_BOY, RAG_DOLL, TIN_ROBOT
from drawings.people import BALLET_DANCER, BUSINESS_MAN, CHIBI_GIRL, FLAT_WOMAN, SUPERHERO
from drawings.scribbles import CRAYON_GIRL, GINGERBREAD_MAN, PIXEL_HERO, STICK_FIGURE

DRAWINGS: tuple[Drawing, ...] = (
    CRAYON_GIRL, STICK_FIGURE, PAPER_BOY, PIXEL_HERO, CHIBI_GIRL, FLAT_WOMAN, KNIGHT, GINGERBREAD_MAN,
    SNOWMAN, CAT, ASTRONAUT, TIN_ROBOT, SUPERHERO, BALLET_DANCER, BUSINESS_MAN, RAG_DOLL,
)  # fmt: skip

__all__ = ["DRAWINGS", "Drawing"]
