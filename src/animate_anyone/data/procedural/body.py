"""What all parts of a character are made with: contour, shading, the side they are on, coordinates and patterns."""

from dataclasses import replace

import numpy as np

from animate_anyone.data.procedural.arrays import Array, Mask
from animate_anyone.data.procedural.colours import Colour
from animate_anyone.data.procedural.paint import Finish, Painted, Part
from animate_anyone.data.procedural.patterns import Cloth, Local, Texture, local
from animate_anyone.data.procedural.puppet import Puppet
from animate_anyone.data.procedural.shapes import Capsules, Shape, together

FRONT = 0.12
"""How far a side must face the viewer (the cosine) for what is drawn on it to show."""

EDGE_ON = 0.02
"""The same for solid things, which show as soon as they are before the body."""


def part(puppet: Puppet, shapes: list[Painted]) -> Part:
    """A part with the character's contour."""
    outline = puppet.character.style.outline
    return Part(
        shapes=shapes,
        outline=np.maximum(outline * puppet.unit, 0.9 if outline else 0.0),
        outline_colour=puppet.character.palette.outline,
    )


def solid(
    puppet: Puppet,
    shape: Shape,
    colour: Colour,
    radius: float,
    *,
    cloth: Cloth | None = None,
    place: Local | None = None,
    seen: Mask | None = None,
) -> Painted:
    """A shape that belongs to the contour, with the character's shading over `radius` units.

    `place` are the coordinates of cloth and texture: the head's unless given. `seen` (F,) tells in which frames it
    shows.
    """
    style = puppet.character.style
    finish = None
    if style.shading != "flat" or style.texture != "none":
        textured = style.texture != "none"
        finish = Finish(
            rim=radius * puppet.unit,
            offset=puppet.unit[:, None] * np.array(style.light) * min(1.0, radius / 0.03),
            shading=style.strength if style.shading == "soft" else 0.0,
            shadow=style.strength if style.shading == "cel" else 0.0,
            texture=Texture(kind=style.texture, period=style.texture_period, strength=style.texture_strength)
            if textured
            else None,
        )
        if textured and place is None:
            axis, _ = puppet.head_shape()
            across = axis * puppet.unit[:, None]
            place = local(puppet.joint("skull"), across, np.stack([-across[:, 1], across[:, 0]], -1), puppet.unit)
    return Painted(shape=shape, colour=colour, cloth=cloth, local=place, finish=finish, seen=seen)


def detail(shape: Shape, colour: Colour, *, seen: Mask | None = None) -> Painted:
    """A flat shape on top of others, without a contour."""
    return Painted(shape=shape, colour=colour, contour=False, seen=seen)


def front_only(puppet: Puppet, painted: Painted) -> Painted:
    """What is on the front of the chest: gone where the chest is turned away from the viewer."""
    return facing(painted, puppet.skeleton.chest[:, 2, 2])


def back_only(puppet: Puppet, painted: Painted, *, thick: bool = False) -> Painted:
    """What is on the back: shown only where the chest is turned away from the viewer."""
    return facing(painted, -puppet.skeleton.chest[:, 2, 2], above=EDGE_ON if thick else FRONT)


def facing(painted: Painted, cosine: Array, *, above: float = FRONT) -> Painted:
    """A shape that shows where the side it is on faces the viewer: where `cosine` (F,) is above a limit."""
    shown = cosine > above
    return replace(painted, seen=shown if painted.seen is None else painted.seen & shown)


def limb(
    puppet: Puppet,
    lower: Capsules,
    upper: Capsules,
    colour: Colour,
    radius: float,
    *,
    places: tuple[Local, Local],
    cloth: Cloth | None = None,
) -> list[Painted]:
    """The lower and the upper half of a limb in one colour: one shape, unless a pattern or texture runs along each.

    `places` are the coordinates of the lower and of the upper half.
    """
    if cloth is None and puppet.character.style.texture == "none":
        return [solid(puppet, together(lower, upper), colour, radius)]
    halves = zip((lower, upper), places, strict=True)
    return [solid(puppet, shape, colour, radius, cloth=cloth, place=place) for shape, place in halves]


def limb_local(puppet: Puppet, start: Array, end: Array) -> Local:
    """Coordinates along a limb from its upper end."""
    along = end - start
    along = along / np.maximum(np.linalg.norm(along, axis=-1, keepdims=True), 1e-6) * puppet.unit[:, None]
    return local(start, np.stack([-along[:, 1], along[:, 0]], axis=-1), along, puppet.unit)


def shirt_cloth(puppet: Puppet) -> Cloth | None:
    """The shirt's pattern."""
    outfit = puppet.character.outfit
    if outfit.pattern == "plain":
        return None
    return Cloth(kind=outfit.pattern, colour=puppet.character.palette.shirt_detail, period=outfit.pattern_period)


def lower_cloth(puppet: Puppet) -> Cloth | None:
    """The pattern of trousers or skirt."""
    outfit = puppet.character.outfit
    if outfit.lower_pattern == "plain":
        return None
    return Cloth(kind=outfit.lower_pattern, colour=puppet.character.palette.lower_detail, period=outfit.pattern_period)
