"""Rotary positions: attention that depends on how far apart two tokens are, and on nothing else of their places."""

import pytest
import torch

from animate_anyone import DenoisingUNet, ReferenceNet
from animate_anyone.models.conditions import LayerConditions
from animate_anyone.models.positions import local_bias, rotary_angles, rotate
from tiny import TINY_TEMPORAL, TINY_UNET, randomised


def test_scores_depend_on_the_distance_alone():
    angles = rotary_angles(4, 5, 8, torch.device("cpu"))
    generator = torch.Generator().manual_seed(0)
    query, key = (torch.randn(8, generator=generator).expand(1, 20, 1, 8) for _ in range(2))
    scores = torch.einsum("nqhd,nkhd->qk", rotate(query, angles), rotate(key, angles)).reshape(4, 5, 4, 5)
    torch.testing.assert_close(scores[0, 0, 1, 2], scores[2, 1, 3, 3])
    torch.testing.assert_close(scores[3, 4, 0, 0], scores[3, 4, 0, 0])
    assert (scores[0, 0, 1, 0] - scores[0, 0, 0, 1]).abs() > 1e-3
    torch.testing.assert_close(rotate(query, angles).norm(dim=-1), query.norm(dim=-1))


def test_heads_must_divide_into_two_axes_of_pairs():
    with pytest.raises(ValueError, match="got 6"):
        rotary_angles(2, 2, 6, torch.device("cpu"))


def test_a_network_with_positions_tells_where_the_reference_is():
    """Moved reference features change the prediction only where attention knows positions."""
    generator = torch.Generator().manual_seed(0)
    latents, timestep = torch.zeros(1, 4, 1, 8, 8), torch.tensor([100])
    tokens, reference = torch.zeros(1, 1, 24), torch.randn(1, 4, 8, 8, generator=generator)

    def shuffled(features, order):
        return type(features)(
            down=tuple(tuple(t[:, order] for t in stage) for stage in features.down),
            mid=features.mid,
            up=tuple(tuple(t[:, order] for t in stage) for stage in features.up),
        )

    order = torch.randperm(64, generator=generator)
    for rotary in (False, True):
        reference_net = randomised(ReferenceNet(**TINY_UNET, rotary_positions=rotary), 1)
        unet = randomised(DenoisingUNet(**TINY_UNET, **TINY_TEMPORAL, rotary_positions=rotary), 2)
        features = reference_net(reference, tokens)
        with torch.no_grad():
            change = unet(latents, timestep, tokens, reference=features) - unet(
                latents, timestep, tokens, reference=shuffled(features, order)
            )
        assert (change.abs().max() > 1e-3) == rotary


@pytest.mark.parametrize("head_dim", [24, 48])
def test_a_local_head_looks_at_its_own_place(head_dim):
    """Whatever the tokens hold: nearly all weight lies on the own place at first, and none on far ones."""
    angles = rotary_angles(6, 6, head_dim, torch.device("cpu"))
    generator = torch.Generator().manual_seed(0)
    query, key = (local_bias(head_dim) + torch.randn(1, 36, 1, head_dim, generator=generator) / 3 for _ in range(2))
    scores = torch.einsum("nqhd,nkhd->qk", rotate(query, angles), rotate(key, angles)) / head_dim**0.5
    weights = scores.softmax(dim=-1)
    assert weights.diagonal().mean() > 0.8
    assert weights[0, 14:].max() < 1e-2  # two rows and two columns away, or farther


def test_local_heads_show_the_same_place_of_the_reference_before_any_training():
    """What changes at one place of the reference changes the prediction there, and hardly elsewhere."""
    generator = torch.Generator().manual_seed(0)
    sizes = TINY_UNET | {"num_attention_heads": 2, "rotary_positions": True}
    tokens = torch.randn(1, 64, sizes["block_out_channels"][0], generator=generator)
    changed = tokens.clone()
    changed[:, 27] += 3
    shares = {}
    for local_heads in (0, 2):
        torch.manual_seed(0)
        transformer = DenoisingUNet(**sizes, **TINY_TEMPORAL, local_heads=local_heads).down_blocks[0].attentions[0]
        x = torch.zeros(1, tokens.shape[2], 8, 8)
        given = (LayerConditions(image=torch.zeros(1, 1, 24), reference=t) for t in (tokens, changed))
        with torch.no_grad():
            before, after = (transformer(x, conditions)[0] for conditions in given)
        change = (after - before).square().sum(dim=1).flatten()
        shares[local_heads] = (change[27] / change.sum()).item()
    assert shares[2] > 0.25 and shares[2] > 5 * shares[0], shares


@pytest.mark.parametrize("wrong", [{"rotary_positions": False}, {"local_heads": 3}])
def test_local_heads_need_positions_and_heads(wrong):
    sizes = TINY_UNET | {"num_attention_heads": 2, "rotary_positions": True, "local_heads": 1} | wrong
    with pytest.raises(ValueError, match="local_heads"):
        ReferenceNet(**sizes)
