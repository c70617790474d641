"""Procedural characters: seeded articulated figures with exact poses, drawn as signed-distance shapes.

Read `render.py` first: character (what it looks like), motion (joint angles), skeleton (points in space), camera,
puppet (all of these in pixels), body, head and robot (shapes), paint (pixels), keypoints (the pose).
"""

from animate_anyone.data.procedural.render import render_clip, render_frames
from animate_anyone.data.procedural.seeds import SPLITS, Split

__all__ = ["SPLITS", "Split", "render_clip", "render_frames"]
