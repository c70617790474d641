"""A clip refuses frames and poses that do not belong together."""

import numpy as np
import pytest
import torch

from animate_anyone.data.clip import Clip
from animate_anyone.pose.skeleton import NUM_KEYPOINTS, PoseSequence


def poses(num_frames: int) -> PoseSequence:
    return PoseSequence(
        keypoints=np.zeros((num_frames, NUM_KEYPOINTS, 2), dtype=np.float32),
        scores=np.ones((num_frames, NUM_KEYPOINTS), dtype=np.float32),
        width=32,
        height=24,
        fps=8.0,
    )


def test_clip_has_the_length_of_its_poses():
    assert len(Clip(frames=torch.zeros(3, 3, 24, 32, dtype=torch.uint8), poses=poses(3))) == 3


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (torch.zeros(3, 3, 24, 32), "uint8"),
        (torch.zeros(3, 24, 32, 3, dtype=torch.uint8), r"\(F, 3, H, W\)"),
        (torch.zeros(2, 3, 24, 32, dtype=torch.uint8), "agree"),
        (torch.zeros(3, 3, 32, 24, dtype=torch.uint8), "agree"),
    ],
)
def test_mismatches_are_errors(frames: torch.Tensor, message: str):
    with pytest.raises(ValueError, match=message):
        Clip(frames=frames, poses=poses(3))
