"""Arms and legs of humans and cartoons as parts, clothed."""

import numpy as np

from animate_anyone.data.procedural import bags
from animate_anyone.data.procedural.arrays import Array
from animate_anyone.data.procedural.body import detail, facing, limb, limb_local, lower_cloth, part, shirt_cloth, solid
from animate_anyone.data.procedural.colours import WHITE, Colour, mix, shade
from animate_anyone.data.procedural.paint import Painted, Part
from animate_anyone.data.procedural.puppet import Puppet
from animate_anyone.data.procedural.shapes import Capsules, Polygon, capsule, discs, polyline, tube


def arm(puppet: Puppet, side: str) -> Part:
    """Skin from shoulder to hand, five fingers, a sleeve over it, a cuff and a glove."""
    character, unit, palette = puppet.character, puppet.unit, puppet.character.palette
    radius, muscle = character.proportions.arm_radius, character.proportions.muscle
    shoulder, elbow, wrist = (puppet.joint(f"{side}_{name}") for name in ("shoulder", "elbow", "wrist"))
    colour, cloth = palette.left_sleeve if side == "left" else palette.shirt, shirt_cloth(puppet)
    if character.coated:
        colour, cloth = palette.coat, None
    upper_place, lower_place = limb_local(puppet, shoulder, elbow), limb_local(puppet, elbow, wrist)
    top, middle, end = (1.12 + 0.5 * muscle) * radius, (0.92 + 0.25 * muscle) * radius, 0.72 * radius

    def covering(start: Array, stop: Array, first: float, last: float, *, upper: bool) -> Painted:
        place = upper_place if upper else lower_place
        return solid(puppet, capsule(start, stop, first * unit, last * unit), colour, radius, cloth=cloth, place=place)

    shapes = bags.handbag(puppet, side)
    shapes += hand(puppet, side, palette.gloves if character.outfit.gloves else palette.skin)
    sleeves = character.sleeves
    lower, upper = capsule(elbow, wrist, middle * unit, end * unit), capsule(shoulder, elbow, top * unit, middle * unit)
    places = (lower_place, upper_place)
    match sleeves:
        case "long":
            shapes += limb(puppet, lower, upper, colour, radius, places=places, cloth=cloth)
        case "rolled":
            shapes.append(solid(puppet, lower, palette.skin, radius, place=lower_place))
            rolled = elbow + 0.28 * (wrist - elbow)
            shapes.append(covering(elbow, rolled, middle + 0.003, middle + 0.002, upper=False))
            shapes.append(covering(shoulder, elbow, top, middle + 0.003, upper=True))
        case "none" | "short":
            shapes += limb(puppet, lower, upper, palette.skin, radius, places=places)
    if sleeves == "short":
        hem = shoulder + 0.62 * (elbow - shoulder)
        shapes.append(covering(shoulder, hem, 1.07 * top, 1.16 * radius + 0.4 * muscle * radius, upper=True))
    if character.outfit.gloves:
        glove = capsule(wrist + 0.18 * (elbow - wrist), wrist, (end + 0.007) * unit, (end + 0.002) * unit)
        shapes.append(solid(puppet, glove, palette.gloves, radius, place=lower_place))
    elif character.outfit.cuffs and sleeves == "long":
        cuff = capsule(wrist + 0.16 * (elbow - wrist), wrist + 0.03 * (elbow - wrist), (end + 0.006) * unit)
        trim = palette.accent if character.coated else palette.shirt_detail
        shapes.append(solid(puppet, cuff, trim, radius, place=lower_place))
    return part(puppet, shapes)


def hand(puppet: Puppet, side: str, colour: Colour) -> list[Painted]:
    """A palm and five fingers along the hand's keypoints."""
    unit, length = puppet.unit, puppet.character.proportions.hand
    points = puppet.hand(side)
    tips, knuckles = points[:, [4, 8, 12, 16, 20]], points[:, [1, 5, 9, 13, 17]]
    thickness = np.repeat((0.105 * length * unit)[:, None], 5, axis=1)
    fingers = Capsules(start=knuckles, end=tips, start_radius=thickness * 1.15, end_radius=thickness)
    palm = Polygon(vertices=points[:, [0, 5, 9, 17]], rounding=0.17 * length * unit)
    return [solid(puppet, fingers, colour, 0.2 * length), solid(puppet, palm, colour, 0.2 * length)]


def leg(puppet: Puppet, side: str) -> Part:
    """Skin from hip to ankle, trousers or shorts with their trim, a sock, a shoe."""
    character, unit, palette = puppet.character, puppet.unit, puppet.character.palette
    outfit, radius, muscle = character.outfit, character.proportions.leg_radius, character.proportions.muscle
    hip, knee, ankle = (puppet.joint(f"{side}_{name}") for name in ("hip", "knee", "ankle"))
    upper_place, lower_place = limb_local(puppet, hip, knee), limb_local(puppet, knee, ankle)
    top, middle, end = (1.12 + 0.3 * muscle) * radius, (0.8 + 0.1 * muscle) * radius, 0.58 * radius
    trousers = outfit.lower in ("trousers", "wide trousers")
    colour, cloth = (palette.lower, lower_cloth(puppet)) if trousers else (palette.skin, None)
    shapes: list[Painted] = [] if outfit.footwear == "boots" else shoe(puppet, side)
    if outfit.lower == "wide trousers":
        middle = 0.95 * radius
        flare = tube(knee, knee + 1.02 * (ankle - knee), middle * unit, 1.2 * radius * unit, 0.2 * radius * unit)
        thigh = capsule(hip, knee, top * unit, middle * unit)
        shapes.append(solid(puppet, flare, colour, radius, cloth=cloth, place=lower_place))
        shapes.append(solid(puppet, thigh, colour, radius, cloth=cloth, place=upper_place))
    else:
        shin = capsule(knee, ankle, middle * unit, end * unit)
        thigh = capsule(hip, knee, top * unit, middle * unit)
        shapes += limb(puppet, shin, thigh, colour, radius, places=(lower_place, upper_place), cloth=cloth)
    if not trousers and outfit.socks and outfit.footwear != "boots":
        sock = capsule(knee + 0.5 * (ankle - knee), ankle, 0.76 * radius * unit, (end + 0.003) * unit)
        shapes.append(solid(puppet, sock, palette.socks, radius, place=lower_place))
    if outfit.lower == "shorts":
        hem = hip + 0.68 * (knee - hip)
        cover = capsule(hip, hem, 1.07 * top * unit, max(top, 1.12 * radius) * unit)
        shapes.append(solid(puppet, cover, palette.lower, radius, cloth=lower_cloth(puppet), place=upper_place))
    if trousers:
        shapes.extend(_trim(puppet, side, middle))
    if outfit.footwear == "boots":
        if outfit.lower != "wide trousers":
            shaft = capsule(knee + 0.5 * (ankle - knee), ankle, 0.86 * radius * unit, 0.72 * radius * unit)
            shapes.append(solid(puppet, shaft, palette.shoes, radius, place=lower_place))
            shapes.extend(shoe(puppet, side))
        else:
            shapes = [*shoe(puppet, side), *shapes]
    return part(puppet, shapes)


def _trim(puppet: Puppet, side: str, width: float) -> list[Painted]:
    """A stripe down the outer seam of trousers, a patch on the knee, or turned-up ends."""
    character, unit = puppet.character, puppet.unit
    outfit, radius, colour = character.outfit, character.proportions.leg_radius, character.palette.lower_detail
    hip, knee, ankle = (puppet.joint(f"{side}_{name}") for name in ("hip", "knee", "ankle"))
    match outfit.leg_trim:
        case "side stripe":
            outward = puppet.skeleton.pelvis[:, :, 0] * (1.0 if side == "left" else -1.0)
            seam = puppet.camera.direct(outward) * 0.5 * radius
            ends = knee + 0.9 * (ankle - knee)
            line = np.stack([hip + seam, knee + seam, ends + seam], axis=1)
            return [facing(detail(polyline(line, 0.27 * radius * unit), colour), outward[:, 2] + 0.75)]
        case "knee patches":
            patch = detail(discs(knee, 0.85 * width * unit), colour)
            return [facing(patch, puppet.skeleton.pelvis[:, 2, 2])]
        case "turn-ups":
            wide = outfit.lower == "wide trousers"
            start, stop = (0.86, 1.03) if wide else (0.84, 0.99)
            broad = (1.27 if wide else 0.78) * radius * unit
            band = tube(knee + start * (ankle - knee), knee + stop * (ankle - knee), broad, broad, 0.2 * radius * unit)
            return [solid(puppet, band, colour, radius, place=limb_local(puppet, knee, ankle))]
        case _:
            return []


def shoe(puppet: Puppet, side: str) -> list[Painted]:
    """What is on the foot."""
    character, unit, palette = puppet.character, puppet.unit, puppet.character.palette
    radius = character.proportions.foot_radius
    heel, toe, ankle = (puppet.joint(f"{side}_{name}") for name in ("heel", "toe", "ankle"))
    foot = capsule(heel, toe, 0.9 * radius * unit, 1.06 * radius * unit)
    place = limb_local(puppet, heel, toe)
    match character.outfit.footwear:
        case "bare":
            return [solid(puppet, foot, palette.skin, 0.03, place=place)]
        case "sneakers":
            sole = WHITE if palette.shoes[0] + palette.shoes[1] + palette.shoes[2] < 2.4 else palette.accent
            up = np.stack([np.zeros_like(unit), -0.5 * radius * unit], axis=-1)
            top = capsule(heel + up, toe + up, 0.85 * radius * unit, 0.9 * radius * unit)
            tongue = capsule(0.5 * (heel + toe) + up, ankle, 0.5 * radius * unit)
            return [
                solid(puppet, foot, sole, 0.03, place=place),
                solid(puppet, top, palette.shoes, 0.03, place=place),
                detail(tongue, mix(palette.shoes, sole, 0.6)),
            ]
        case "heels":
            spike = np.stack([np.zeros_like(unit), 0.8 * radius * unit], axis=-1)
            slim = capsule(heel, toe, 0.75 * radius * unit, 0.7 * radius * unit)
            return [
                solid(puppet, capsule(heel, heel + spike, 0.32 * radius * unit), shade(palette.shoes, 0.8), 0.03),
                solid(puppet, slim, palette.shoes, 0.03, place=place),
            ]
        case _:
            return [solid(puppet, foot, palette.shoes, 0.03, place=place)]
