"""The trunk of humans and cartoons as parts: hips or skirt, shirt, what is worn over it, and the neck."""

import numpy as np

from animate_anyone.data.procedural import bags, garments
from animate_anyone.data.procedural.body import detail, front_only, lower_cloth, part, shirt_cloth, solid
from animate_anyone.data.procedural.chest import chest_local, chest_marks, pelvis_local, silhouette
from animate_anyone.data.procedural.colours import shade
from animate_anyone.data.procedural.paint import Painted, Part
from animate_anyone.data.procedural.puppet import Puppet
from animate_anyone.data.procedural.shapes import Capsules, Polygon, capsule


def torso(puppet: Puppet) -> list[Part]:
    """Everything between neck and knees, from the skin outwards."""
    character, unit = puppet.character, puppet.unit
    palette, p, outfit = character.palette, character.proportions, character.outfit
    shirt = [_shirt(puppet)]
    if outfit.lower in ("skirt", "dress"):
        skirt = garments.skirt(puppet)
        lower = [] if outfit.lower == "dress" else skirt
        shirt = skirt + shirt if outfit.lower == "dress" else shirt
    else:
        left, right = puppet.joint("left_hip"), puppet.joint("right_hip")
        radius = np.repeat((1.12 * p.leg_radius * unit)[:, None], 1, axis=1)
        pelvis = Capsules(start=right[:, None], end=left[:, None], start_radius=radius, end_radius=radius)
        lower = [
            solid(puppet, pelvis, palette.lower, p.leg_radius, cloth=lower_cloth(puppet), place=pelvis_local(puppet))
        ]
    if outfit.layer in ("none", "hoodie"):
        covered = palette.coat if outfit.layer == "hoodie" else palette.shirt
        marks = [front_only(puppet, mark) for mark in chest_marks(puppet, on=covered)]
    else:
        marks = []
    over = garments.layer(puppet)
    parts = [part(puppet, lower)] if lower else []
    if not over or outfit.layer in ("vest", "jacket", "open coat") or outfit.lower == "dress":
        parts.append(part(puppet, shirt))
    if over:
        parts.append(part(puppet, over))
    on_top = [*marks, *garments.fastenings(puppet), *garments.belt(puppet), *bags.straps(puppet)]
    throat = capsule(puppet.in_chest(np.array([[0.0, 0.012, 0.03]]))[:, 0], puppet.joint("skull"), p.neck_radius * unit)
    neck = [detail(throat, shade(palette.skin, 0.88))]
    plain = Part(shapes=on_top, outline=np.zeros_like(unit), outline_colour=palette.outline)
    bare = Part(shapes=neck, outline=np.zeros_like(unit), outline_colour=palette.outline)
    parts.extend([plain, bare, part(puppet, garments.neckwear(puppet)), part(puppet, bags.carried(puppet))])
    return [each for each in parts if each.shapes]


def _shirt(puppet: Puppet) -> Painted:
    rows = silhouette(puppet)
    shape = Polygon(vertices=np.concatenate([rows[:, :, 0], rows[:, ::-1, 1]], axis=1), rounding=0.022 * puppet.unit)
    return solid(
        puppet, shape, puppet.character.palette.shirt, 0.06, cloth=shirt_cloth(puppet), place=chest_local(puppet)
    )
