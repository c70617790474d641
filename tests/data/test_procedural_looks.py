"""The looks of procedural characters: everything that can be worn appears, holds together and moves with the body."""

from dataclasses import replace
from functools import cache
from typing import get_args

import numpy as np
import pytest
import torch

from animate_anyone.data.procedural import bags, chest, garments, lettering, limbs, render_frames, robot, trunk
from animate_anyone.data.procedural.arrays import Array
from animate_anyone.data.procedural.background import paint_background
from animate_anyone.data.procedural.body import back_only, detail, front_only
from animate_anyone.data.procedural.character import Character, character_from_seed
from animate_anyone.data.procedural.emblems import EMBLEMS, Emblem, emblem_outline
from animate_anyone.data.procedural.outfit import (
    Bag,
    Casing,
    Collar,
    Footwear,
    Layer,
    LegTrim,
    Lower,
    Neckwear,
    Plate,
    Sleeves,
)
from animate_anyone.data.procedural.paint import Finish, Painted, Part, paint_part
from animate_anyone.data.procedural.patterns import Cloth, PatternKind, Texture, TextureKind, grain, local, weave
from animate_anyone.data.procedural.proportions import Build
from animate_anyone.data.procedural.puppet import Puppet
from animate_anyone.data.procedural.render import pose_puppet
from animate_anyone.data.procedural.scenery import BACKDROPS, SCENES, Backdrop
from animate_anyone.data.procedural.shapes import Capsules, Ellipses, Polygon, discs
from animate_anyone.data.procedural.skeleton import pose_skeleton
from animate_anyone.data.procedural.style import Shading
from animate_anyone.media.size import Size

SEEDS = range(300)
LOOKS = {
    "build": get_args(Build), "backdrop": get_args(Backdrop), "shading": get_args(Shading),
    "texture": get_args(TextureKind), "sleeves": get_args(Sleeves), "collar": get_args(Collar),
    "layer": get_args(Layer), "lower": get_args(Lower), "leg_trim": get_args(LegTrim),
    "neckwear": get_args(Neckwear), "footwear": get_args(Footwear), "bag": get_args(Bag), "plate": get_args(Plate),
    "casing": get_args(Casing), "pattern": get_args(PatternKind), "lower_pattern": get_args(PatternKind),
    "emblem": get_args(Emblem), "pleats": (True,), "gloves": (True,), "socks": (True,), "belt": (True,),
    "cuffs": (True,), "buttons": (True,), "pockets": (True,),
}  # fmt: skip


@cache
def everybody() -> list[Character]:
    return [character_from_seed(seed) for seed in SEEDS]


def look(character: Character, name: str) -> object:
    owners = (character, character.proportions, character.style, character.outfit)
    # A character's own sleeves may be a coat's.
    owners = owners[3:] if name == "sleeves" else owners
    return next(getattr(owner, name) for owner in owners if hasattr(owner, name))


def posed(character: Character, *, motion: int = 0, yaw: float | None = None, frames: int = 4) -> Puppet:
    puppet, _, _ = pose_puppet(0, motion, np.arange(frames) / 3.0, Size(128, 128))
    angles = dict(puppet.angles)
    if yaw is not None:
        angles |= {"yaw": np.full(frames, yaw), "chest_turn": np.zeros(frames)}
    return replace(puppet, character=character, angles=angles, skeleton=pose_skeleton(character.proportions, angles))


def arrays_of(painted: Painted) -> list[Array]:
    match painted.shape:
        case Capsules() as shape:
            return [shape.start, shape.end, shape.start_radius, shape.end_radius]
        case Ellipses() as shape:
            return [shape.centre, shape.axis, shape.radii]
        case Polygon() as shape:
            return [shape.vertices, shape.rounding]


def parts_of(puppet: Puppet) -> list[Part]:
    if puppet.character.kind == "robot":
        body = [*robot.torso(puppet), *robot.head(puppet), robot.arm(puppet, "left"), robot.leg(puppet, "left")]
    else:
        body = [*trunk.torso(puppet), limbs.arm(puppet, "left"), limbs.leg(puppet, "right")]
    return body + bags.behind(puppet) + garments.behind(puppet)


@pytest.mark.parametrize("name", LOOKS)
def test_every_look_appears(name: str):
    assert set(LOOKS[name]) <= {look(character, name) for character in everybody()}


def test_numbers_and_words_appear():
    texts = [character.outfit.text for character in everybody()]
    assert any(text.isdigit() for text in texts)
    assert any(text.isalpha() and len(text) > 1 for text in texts)


@pytest.mark.parametrize("yaw", [0.0, 90.0, 180.0, -60.0])
def test_shapes_are_finite_from_all_sides(yaw: float):
    for character in everybody()[::10]:
        for part in parts_of(posed(character, yaw=yaw, frames=2)):
            for painted in part.shapes:
                assert all(np.isfinite(array).all() for array in arrays_of(painted))
                assert painted.local is None or np.isfinite(painted.local.inverse).all()


def test_everything_can_be_drawn():
    seen: set[tuple[str, object]] = set()
    for seed, character in zip(SEEDS, everybody(), strict=True):
        new = {(name, look(character, name)) for name in LOOKS} - seen
        if new:
            seen |= new
            frames = render_frames(seed, seed, [3], size=48).frames
            assert len(frames.flatten().unique()) > 8


def test_bodies_are_as_tall_as_a_unit_and_differ():
    heads: dict[str, list[float]] = {"human": [], "cartoon": [], "robot": []}
    for character in everybody():
        p = character.proportions
        assert np.isclose(p.head + p.neck + p.torso + p.thigh + p.shin + 0.035, 1.0)
        heads[character.kind].append(1.0 / p.head)
    assert min(heads["cartoon"]) < 2.4 and max(heads["cartoon"]) > 4.2
    assert min(heads["human"]) < 4.8 and max(heads["human"]) > 7.5
    shoulders = [character.proportions.shoulder for character in everybody()]
    assert max(shoulders) > 1.8 * min(shoulders)


def test_a_patch_stays_on_its_knee():
    character = next(c for c in everybody() if c.outfit.leg_trim == "knee patches" and c.outfit.lower == "trousers")
    puppet = posed(character, motion=5)
    colour = character.palette.lower_detail
    patches = [each.shape for each in limbs.leg(puppet, "left").shapes if each.colour == colour]
    assert any(
        isinstance(shape, Capsules) and np.allclose(shape.start[:, 0], puppet.joint("left_knee")) for shape in patches
    )


def test_a_sign_stays_on_its_chest():
    character = next(c for c in everybody() if c.outfit.emblem == "star" and c.kind != "robot")
    puppet = posed(character, motion=7, frames=8)
    (mark,) = chest.chest_marks(puppet, on=character.palette.shirt)
    assert isinstance(mark.shape, Polygon)
    p = character.proportions
    expected = puppet.in_chest(np.array([[0.0, 0.36 * p.torso, chest.depths(p)[0]]]))[:, 0]
    assert np.abs(mark.shape.vertices.mean(axis=1) - expected).max() < 1.5


def test_fronts_and_backs_show_in_turn():
    character = everybody()[0]
    spot = detail(discs(np.zeros((4, 2)), np.ones(4)), (1.0, 0.0, 0.0))
    for yaw, front, back in ((0.0, True, False), (90.0, False, False), (180.0, False, True)):
        puppet = posed(character, yaw=yaw)
        assert np.all(front_only(puppet, spot).seen == np.full(4, front))
        assert np.all(back_only(puppet, spot).seen == np.full(4, back))


def test_a_backpack_is_before_the_body_from_behind():
    character = next(c for c in everybody() if c.outfit.bag == "backpack")
    for yaw, before in ((0.0, False), (180.0, True)):
        assert all(np.all(each.seen == np.full(4, before)) for each in bags.carried(posed(character, yaw=yaw)))


def test_a_handbag_hangs_below_the_hand():
    character = next(c for c in everybody() if c.outfit.bag == "handbag")
    puppet = posed(character, motion=3)
    body = bags.handbag(puppet, "left")[1].shape
    assert isinstance(body, Polygon)
    assert (
        body.vertices[..., 1].min(axis=1) > puppet.joint("left_wrist")[:, 1] - character.proportions.hand * 128
    ).all()
    assert not bags.handbag(puppet, "right")


@pytest.mark.parametrize("kind", get_args(PatternKind)[1:])
def test_a_pattern_moves_with_its_cloth(kind: PatternKind):
    cloth = Cloth(kind=kind, colour=(1.0, 1.0, 1.0), period=0.125)
    unit = np.array([64.0])
    across, along = np.array([[64.0, 0.0]]), np.array([[0.0, 64.0]])
    x, y = torch.arange(32.0)[None, None], torch.arange(32.0)[None, :, None]
    frame, scale = np.array([0]), torch.tensor([[[64.0]]])
    here = weave(cloth, *local(np.zeros((1, 2)), across, along, unit).at(x, y, frame), scale)
    there = weave(cloth, *local(np.array([[5.0, 3.0]]), across, along, unit).at(x + 5, y + 3, frame), scale)
    turned = weave(cloth, *local(np.zeros((1, 2)), along, -across, unit).at(-y.mT, x.mT, frame), scale)
    assert torch.equal(here, there)
    assert torch.equal(here, turned.mT)
    assert here.min() >= 0.0 and here.max() <= 1.0 and here.max() - here.min() > 0.4


@pytest.mark.parametrize("kind", get_args(TextureKind)[1:])
def test_textures_are_faint(kind: TextureKind):
    steps = torch.linspace(-1.0, 1.0, 101)
    factor = grain(Texture(kind=kind, period=0.07, strength=0.06), steps[None, None], steps[None, :, None])
    assert 0.02 < (factor - 1.0).abs().max() <= 0.0601 * 1.2
    assert all(character.style.texture_strength <= 0.06 for character in everybody())


def test_letters_fit_their_box():
    for sign, lines in lettering.GLYPHS.items():
        points = lettering.strokes(sign)
        assert np.abs(points[..., 0]).max() <= lettering.text_width(sign) / 2
        assert np.abs(points[..., 1]).max() <= 0.5
        assert len(points) == sum(len(line) - 1 for line in lines)
    word = lettering.strokes("ABC")
    assert np.isclose(np.ptp(word[..., 0]), lettering.text_width("ABC"))
    with pytest.raises(KeyError):
        lettering.strokes("?")


@pytest.mark.parametrize("kind", EMBLEMS)
def test_emblems_have_about_unit_radius(kind: Emblem):
    outline = emblem_outline(kind)
    assert outline is not None
    assert 0.8 < np.abs(outline).max() < 1.2


def test_backdrops_have_the_planned_shares():
    assert np.isclose(sum(BACKDROPS.values()), 1.0)
    assert set(BACKDROPS) == set(get_args(Backdrop))
    assert np.isclose(sum(BACKDROPS[name] for name in SCENES if name != "clutter"), 0.35)


@pytest.mark.parametrize("name", get_args(Backdrop))
def test_a_backdrop_is_still_and_survives_drawing_over_it(name: Backdrop):
    seed, character = next((s, c) for s, c in zip(SEEDS, everybody(), strict=True) if c.backdrop == name)
    place = {"width": 64, "height": 96, "floor": 80.0, "device": torch.device("cpu")}
    before = paint_background(character, seed, **place).clone()  # type: ignore[arg-type]
    assert before.shape == (3, 96, 64)
    assert before.min() >= 0.0 and before.max() <= 1.0
    clip = render_frames(seed, 4, [0, 4, 8], size=64).frames
    assert (clip == clip[:1]).all(dim=(0, 1)).float().mean() > 0.25
    assert torch.equal(before, paint_background(character, seed, **place))  # type: ignore[arg-type]


def test_hard_shadows_lie_away_from_the_light():
    finish = Finish(rim=np.array([4.0]), offset=np.array([[3.0, -3.0]]), shadow=0.5)
    disc = Painted(shape=discs(np.array([[16.0, 16.0]]), np.array([10.0])), colour=(1.0, 1.0, 1.0), finish=finish)
    canvas = torch.zeros(3, 1, 32, 32)
    paint_part(canvas, Part(shapes=[disc], outline=np.zeros(1), outline_colour=(0.0, 0.0, 0.0)), np.array([0]))
    assert canvas[0, 0, 11, 21] == 1.0
    assert canvas[0, 0, 21, 11] == 0.5
    assert canvas[0, 0, 2, 2] == 0.0


def test_frames_drawn_together_or_alone_are_the_same():
    # The first disc hardly moves, the second crosses the picture: two ways of painting.
    for step in (0.3, 11.0):
        centres = np.array([[10.0, 10.0]]) + step * np.arange(5)[:, None]
        shape = discs(centres, np.full(5, 4.3))
        seen = np.array([True, False, True, True, True])
        painted = Painted(shape=shape, colour=(0.2, 0.7, 0.4), seen=seen)
        part = Part(shapes=[painted], outline=np.full(5, 1.2), outline_colour=(0.1, 0.1, 0.1))
        together = torch.full((3, 5, 64, 64), 0.9)
        paint_part(together, part, np.arange(5))
        for frame in range(5):
            alone = torch.full((3, 5, 64, 64), 0.9)
            paint_part(alone, part, np.array([frame]))
            assert torch.equal(alone[:, frame], together[:, frame])
        assert (together[:, 1] == together[0, 1, 0, 0]).all()
