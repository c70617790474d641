"""What is worn over shirt and hips: skirts, coats, vests, hoods, neckwear, belts, and how they are fastened."""

import numpy as np

from animate_anyone.data.procedural.arrays import Array
from animate_anyone.data.procedural.body import back_only, detail, front_only, lower_cloth, part, shirt_cloth, solid
from animate_anyone.data.procedural.chest import (
    ROUNDING,
    chest_local,
    on_trunk,
    pelvis_local,
    silhouette,
)
from animate_anyone.data.procedural.colours import Colour, mix, shade
from animate_anyone.data.procedural.paint import Painted, Part
from animate_anyone.data.procedural.puppet import Puppet
from animate_anyone.data.procedural.shapes import Capsules, Polygon, capsule, discs, polyline

COAT_GROWTH = 0.012
"""How much wider than the shirt a coat is on each side, in units."""


def hem(puppet: Puppet, reach: float, flare: float) -> Array:
    """The two ends (F, 2, 2), on the image's left and right, of a hem that the legs spread.

    `reach` is how far down the legs (1: knees, 2: ankles), `flare` how far it stands off the legs in units.
    """
    p = puppet.character.proportions
    centres: list[Array] = []
    for side in ("left", "right"):
        hip, knee, ankle = (puppet.joint(f"{side}_{name}") for name in ("hip", "knee", "ankle"))
        centres.append(hip + min(reach, 1.0) * (knee - hip) + max(reach - 1.0, 0.0) * (ankle - knee))
    first, second = centres
    swapped = first[:, :1] > second[:, :1]
    out = np.stack([(1.0 * p.leg_radius + flare) * puppet.unit, np.zeros_like(puppet.unit)], axis=-1)
    return np.stack([np.where(swapped, second, first) - out, np.where(swapped, first, second) + out], axis=1)


def skirt(puppet: Puppet) -> list[Painted]:
    """A skirt from the waist that spreads with the legs, with pleats on some; a dress continues the shirt."""
    character, unit = puppet.character, puppet.unit
    outfit, palette = character.outfit, character.palette
    waist = silhouette(puppet)[:, 3:]
    long = max(outfit.skirt_length - 0.7, 0.0)
    end = hem(puppet, outfit.skirt_length, 0.032 + 0.03 * long)
    inner = 0.016 * unit[:, None] * np.array([1.0, 0.0])
    edges = np.stack([waist[:, 0], waist[:, 1], end], axis=1)
    # The hips are hidden; only the waist holds the cloth.
    edges[:, 1, 0] += 0.5 * inner
    edges[:, 1, 1] -= 0.5 * inner
    shape = Polygon(vertices=np.concatenate([edges[:, 1:, 0], edges[:, :0:-1, 1]], axis=1), rounding=0.016 * unit)
    dress = outfit.lower == "dress"
    colour = palette.shirt if dress else palette.lower
    cloth, place = (shirt_cloth(puppet), chest_local(puppet)) if dress else (lower_cloth(puppet), pelvis_local(puppet))
    shapes = [solid(puppet, shape, colour, 0.06, cloth=cloth, place=place)]
    if outfit.pleats:
        across = np.array([0.2, 0.4, 0.6, 0.8])[:, None]
        start, stop = (row[:, None, 0] + across * (row[:, None, 1] - row[:, None, 0]) for row in (edges[:, 1], end))
        start = start + 0.25 * (stop - start)
        radius = np.repeat(0.008 * unit[:, None], 4, axis=1)
        folds = Capsules(start=start, end=stop, start_radius=0.4 * radius, end_radius=radius)
        shapes.append(detail(folds, shade(colour, 0.78)))
    elif outfit.leg_trim != "none":
        band = polyline(end + inner[:, None] * np.array([[[1.0], [-1.0]]]), 0.011 * unit)
        shapes.append(detail(band, palette.shirt_detail if dress else palette.lower_detail))
    return shapes


def layer(puppet: Puppet) -> list[Painted]:
    """What is worn over the shirt: a vest, hoodie, jacket or coat, open or closed."""
    character, outfit, palette = puppet.character, puppet.character.outfit, puppet.character.palette
    if outfit.layer == "none":
        return []
    rows = silhouette(puppet, grow=0.004 if outfit.layer == "vest" else COAT_GROWTH)
    long = outfit.layer in ("open coat", "closed coat")
    place = chest_local(puppet)
    shapes: list[Painted] = []
    if long:
        lower = _coat_tail(puppet, rows)
        if outfit.layer == "open coat":
            shapes.extend(_flaps(puppet, lower))
        tail = solid(puppet, _band(puppet, lower), palette.coat, 0.06, place=place)
        shapes.append(tail if outfit.layer == "closed coat" else back_only(puppet, tail, thick=True))
    upper = rows
    if outfit.layer == "vest":
        upper = np.concatenate([rows[:, :4], 0.4 * rows[:, 3:4] + 0.6 * rows[:, 4:]], axis=1)
    shapes.append(solid(puppet, _band(puppet, upper), palette.coat, 0.06, place=place))
    if outfit.layer in ("vest", "jacket", "open coat"):
        shapes.append(front_only(puppet, _opening(puppet)))
    if outfit.layer == "hoodie":
        shapes.extend(_hood(puppet))
    if character.outfit.layer in ("jacket", "open coat", "closed coat"):
        shapes.extend(front_only(puppet, lapel) for lapel in _lapels(puppet))
    return shapes


def behind(puppet: Puppet) -> list[Part]:
    """The back of an open coat below the waist, behind the legs."""
    if puppet.character.outfit.layer != "open coat" or puppet.character.kind == "robot":
        return []
    lower = _coat_tail(puppet, silhouette(puppet, grow=COAT_GROWTH))
    colour = shade(puppet.character.palette.coat, 0.62)
    return [part(puppet, [solid(puppet, _band(puppet, lower), colour, 0.06, place=chest_local(puppet))])]


def _coat_tail(puppet: Puppet, rows: Array) -> Array:
    """The edges (F, 3, 2, 2) of a coat from the waist down."""
    end = hem(puppet, puppet.character.outfit.coat_length, 0.03)
    return np.concatenate([rows[:, 3:], end[:, None]], axis=1)


def _band(puppet: Puppet, rows: Array) -> Polygon:
    """The shape (F, R, 2, 2) between edges on the image's left and right."""
    vertices = np.concatenate([rows[:, :, 0], rows[:, ::-1, 1]], axis=1)
    return Polygon(vertices=vertices, rounding=ROUNDING * puppet.unit)


def _flaps(puppet: Puppet, lower: Array) -> list[Painted]:
    """The two sides of an open coat below the waist."""
    flaps: list[Painted] = []
    for near, far in ((0, 1), (1, 0)):
        outer, other = lower[:, :, near], lower[:, :, far]
        share = np.array([0.42, 0.36, 0.2])[:, None]
        inner = outer + share * (other - outer)
        vertices = np.concatenate([outer, inner[:, ::-1]], axis=1)
        shape = Polygon(vertices=vertices, rounding=0.012 * puppet.unit)
        flaps.append(solid(puppet, shape, puppet.character.palette.coat, 0.06, place=chest_local(puppet)))
    return flaps


def _opening(puppet: Puppet) -> Painted:
    """The strip of shirt between the sides of what is open."""
    outfit, palette = puppet.character.outfit, puppet.character.palette
    wide = {"vest": 0.34, "jacket": 0.3}.get(outfit.layer, 0.26)
    end = 0.86 if outfit.layer == "vest" else 1.04
    right = np.array([[-0.3, 0.0], [-wide, 0.25], [-wide, 0.65], [-wide - 0.05, end]])
    outline = np.concatenate([right, right[::-1] * np.array([-1.0, 1.0])])
    shape = Polygon(vertices=on_trunk(puppet, outline), rounding=0.003 * puppet.unit)
    return Painted(
        shape=shape, colour=palette.shirt, cloth=shirt_cloth(puppet), local=chest_local(puppet), contour=False
    )


def _lapels(puppet: Puppet) -> list[Painted]:
    """The turned-back edges of a coat at the neck."""
    colour = shade(puppet.character.palette.coat, 0.76)
    shapes: list[Painted] = []
    for sign in (-1.0, 1.0):
        outline = np.array([[0.28, -0.02], [0.5, 0.06], [0.5, 0.2], [0.2, 0.42]]) * np.array([sign, 1.0])
        shapes.append(detail(Polygon(vertices=on_trunk(puppet, outline), rounding=0.006 * puppet.unit), colour))
    return shapes


def _hood(puppet: Puppet) -> list[Painted]:
    """A hood that lies around the neck, its strings, and the pocket on the belly."""
    palette, unit, p = puppet.character.palette, puppet.unit, puppet.character.proportions
    dark = shade(palette.coat, 0.78)
    collar = on_trunk(puppet, np.array([[-0.5, -0.01], [-0.3, 0.07], [0.0, 0.1], [0.3, 0.07], [0.5, -0.01]]))
    strings = on_trunk(puppet, np.array([[-0.16, 0.12], [-0.18, 0.36], [0.16, 0.12], [0.18, 0.36]]))
    thin = np.repeat(0.008 * unit[:, None], 2, axis=1)
    pocket = on_trunk(puppet, np.array([[-0.4, 0.64], [0.4, 0.64], [0.58, 0.88], [-0.58, 0.88]]))
    sack = on_trunk(puppet, np.array([[-0.5, 0.0], [0.5, 0.0], [0.32, 0.3], [-0.32, 0.3]]), back=True)
    return [
        solid(puppet, polyline(collar, 0.2 * p.shoulder * unit), shade(palette.coat, 0.9), 0.03),
        front_only(puppet, detail(Polygon(vertices=pocket, rounding=0.01 * unit), dark)),
        front_only(
            puppet,
            detail(
                Capsules(start=strings[:, [0, 2]], end=strings[:, [1, 3]], start_radius=thin, end_radius=thin),
                palette.accent,
            ),
        ),
        back_only(puppet, detail(Polygon(vertices=sack, rounding=0.03 * unit), dark)),
    ]


def fastenings(puppet: Puppet) -> list[Painted]:
    """Buttons, seams, pockets and the collar of the outermost garment, on its front."""
    outfit, palette, unit = puppet.character.outfit, puppet.character.palette, puppet.unit
    shapes: list[Painted] = []
    coat = outfit.layer == "closed coat"
    base = palette.coat if outfit.layer in ("hoodie", "closed coat", "jacket", "open coat") else palette.shirt
    marked = outfit.emblem != "none" or bool(outfit.text)
    if outfit.pockets and outfit.layer != "hoodie" and (not marked or outfit.layer != "none"):
        shapes.extend(_pockets(puppet, shade(base, 0.74)))
    if outfit.collar != "none" and outfit.layer in ("none", "vest"):
        shapes.extend(_collar(puppet))
    if coat:
        seam = on_trunk(puppet, np.array([[0.04, 0.3], [0.04, 0.7], [0.04, 1.0]]))
        shapes.append(detail(polyline(seam, 0.006 * unit), shade(palette.coat, 0.6)))
    if coat or (outfit.buttons and outfit.layer == "none" and not marked and outfit.neckwear not in ("tie", "scarf")):
        places = np.array([[0.0, 0.28], [0.0, 0.48], [0.0, 0.68], [0.0, 0.88]])
        colour = palette.accent if coat else mix(shade(palette.shirt, 0.4), palette.accent, 0.3)
        shapes.append(detail(discs(on_trunk(puppet, places), 0.0125 * unit), colour))
    return [front_only(puppet, shape) for shape in shapes]


def _pockets(puppet: Puppet, colour: Colour) -> list[Painted]:
    """Two slanted strokes at the hips of a coat, or one square pocket on a shirt's chest."""
    if puppet.character.outfit.layer != "none":
        line = on_trunk(puppet, np.array([[-0.75, 0.72], [-0.5, 0.9], [0.75, 0.72], [0.5, 0.9]]))
        radius = np.repeat(0.0095 * puppet.unit[:, None], 2, axis=1)
        return [detail(Capsules(start=line[:, ::2], end=line[:, 1::2], start_radius=radius, end_radius=radius), colour)]
    square = np.array([[0.28, 0.26], [0.66, 0.26], [0.66, 0.42], [0.47, 0.5], [0.28, 0.42]])
    return [detail(Polygon(vertices=on_trunk(puppet, square), rounding=0.004 * puppet.unit), colour)]


def _collar(puppet: Puppet) -> list[Painted]:
    outfit, palette, unit = puppet.character.outfit, puppet.character.palette, puppet.unit
    if outfit.collar == "polo":
        wing = np.array([[0.05, 0.02], [0.48, -0.03], [0.42, 0.2]])
        return [
            detail(
                Polygon(vertices=on_trunk(puppet, wing * np.array([sign, 1.0])), rounding=0.008 * unit),
                palette.shirt_detail,
            )
            for sign in (-1.0, 1.0)
        ]
    ring = on_trunk(puppet, np.array([[-0.42, 0.0], [-0.22, 0.07], [0.0, 0.09], [0.22, 0.07], [0.42, 0.0]]))
    colour = shade(palette.shirt, 0.86) if outfit.collar == "turtleneck" else palette.shirt_detail
    return [detail(polyline(ring, (0.022 if outfit.collar == "turtleneck" else 0.0105) * unit), colour)]


def belt(puppet: Puppet) -> list[Painted]:
    """A belt at the waist with a buckle; over a coat, its own belt."""
    outfit, palette, unit = puppet.character.outfit, puppet.character.palette, puppet.unit
    if not outfit.belt or outfit.layer in ("hoodie", "vest", "jacket", "open coat"):
        return []
    grow = COAT_GROWTH if outfit.layer == "closed coat" else 0.0
    rows = silhouette(puppet, grow=grow)
    inset = np.array([[[1.0], [-1.0]]]) * (ROUNDING - 0.016) * unit[:, None, None] * np.array([1.0, 0.0])
    ends = 0.45 * rows[:, 3] + 0.55 * rows[:, 4] - inset
    buckle = on_trunk(puppet, np.array([[0.0, 0.8]]))[:, 0]
    buckle = 0.5 * (buckle + ends.mean(axis=1))
    return [
        detail(polyline(ends, 0.016 * unit), palette.leather),
        front_only(puppet, detail(discs(buckle, 0.018 * unit), (0.93, 0.80, 0.42))),
    ]


def neckwear(puppet: Puppet) -> list[Painted]:
    """A scarf with a hanging end, a tie, a bow tie or a string of beads."""
    kind, palette, unit = puppet.character.outfit.neckwear, puppet.character.palette, puppet.unit
    p = puppet.character.proportions
    match kind:
        case "scarf":
            ring = on_trunk(puppet, np.array([[-0.48, 0.02], [-0.2, 0.07], [0.2, 0.07], [0.48, 0.02]]))
            tail = on_trunk(puppet, np.array([[0.3, 0.1], [0.34, 0.62]]), lift=0.01)
            place = chest_local(puppet)
            end = capsule(tail[:, 0], tail[:, 1], 0.2 * p.shoulder * unit, 0.27 * p.shoulder * unit)
            fringe = capsule(tail[:, 1] + 0.16 * (tail[:, 0] - tail[:, 1]), tail[:, 1], 0.27 * p.shoulder * unit)
            return [
                front_only(puppet, solid(puppet, end, palette.accent, 0.03, place=place)),
                front_only(puppet, detail(fringe, shade(palette.accent, 1.5))),
                solid(puppet, polyline(ring, max(0.024, 0.22 * p.shoulder) * unit), palette.accent, 0.03, place=place),
            ]
        case "tie":
            blade = np.array([[-0.07, 0.1], [0.07, 0.1], [0.17, 0.56], [0.0, 0.7], [-0.17, 0.56]])
            knot = on_trunk(puppet, np.array([[0.0, 0.07]]))[:, 0]
            shapes = [
                detail(Polygon(vertices=on_trunk(puppet, blade), rounding=0.005 * unit), palette.accent),
                detail(discs(knot, 0.018 * unit), shade(palette.accent, 0.75)),
            ]
            return [front_only(puppet, shape) for shape in shapes]
        case "bow tie":
            outline = np.array([[-0.4, 0.02], [0.0, 0.085], [0.4, 0.02], [0.4, 0.19], [0.0, 0.115], [-0.4, 0.19]])
            knot = on_trunk(puppet, np.array([[0.0, 0.1]]))[:, 0]
            shapes = [
                detail(Polygon(vertices=on_trunk(puppet, outline), rounding=0.007 * unit), palette.accent),
                detail(discs(knot, 0.015 * unit), shade(palette.accent, 0.7)),
            ]
            return [front_only(puppet, shape) for shape in shapes]
        case "necklace":
            angle = np.linspace(-1.0, 1.0, 7)
            beads = on_trunk(puppet, np.stack([0.42 * angle, 0.2 - 0.19 * angle**2], axis=-1))
            return [front_only(puppet, detail(discs(beads, 0.0115 * unit), palette.accent))]
        case _:
            return []
