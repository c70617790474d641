"""Rotary positions: attention that depends on how far apart two tokens are, and on nothing else of their places."""

import pytest
import torch

from animate_anyone import DenoisingUNet, PoseGuider, ReferenceNet
from animate_anyone.models.conditions import LayerConditions
from animate_anyone.models.positions import body_angles, local_bias, rotary_angles, rotate
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


@pytest.mark.parametrize("wrong", [{"rotary_positions": False}, {"local_heads": 3}, {"body_heads": 2}])
def test_heads_that_look_somewhere_need_positions_and_heads(wrong):
    sizes = TINY_UNET | {"num_attention_heads": 2, "rotary_positions": True, "local_heads": 1} | wrong
    with pytest.raises(ValueError, match="local_heads"):
        ReferenceNet(**sizes)


BODY_SIZES = TINY_UNET | {"num_attention_heads": 2, "rotary_positions": True, "body_heads": 1}


def body_maps() -> tuple[torch.Tensor, torch.Tensor]:
    """A body of 3 x 2 tokens in two pictures of 8 x 8: at rows 1 to 3 and columns 1 and 2, and moved by (3, 4)."""
    rows, columns = torch.arange(1, 4) / 8, torch.arange(1, 3) / 8
    body = torch.stack([columns.expand(3, 2), rows[:, None].expand(3, 2)])
    maps = torch.zeros(2, 2, 8, 8)
    maps[0, :, 1:4, 1:3], maps[1, :, 4:7, 5:7] = body, body
    return maps[:1], maps[1:]


def test_distances_on_the_body_are_those_of_its_places():
    here, there = (body_angles(body_map, 8, 8, 24)[0, :, 0] for body_map in body_maps())
    token = torch.arange(64).reshape(8, 8)
    torch.testing.assert_close(here[token[1:4, 1:3]], there[token[4:7, 5:7]])
    # One row of the picture apart on the body is one row apart, as off the body in the picture.
    in_picture = rotary_angles(8, 8, 24, torch.device("cpu"))[0, :, 0]
    torch.testing.assert_close(here[token[2, 1]] - here[token[1, 1]], in_picture[8], atol=1e-4, rtol=0)
    torch.testing.assert_close(here[token[7, 0]], in_picture[56])


def test_coarser_tokens_read_the_map_at_their_own_place():
    body_map, _ = body_maps()
    fine, coarse = (body_angles(body_map, side, side, 24)[0, :, 0].unflatten(0, (side, side)) for side in (8, 4))
    # The body is as many tokens high as there are: half as many, half as far apart.
    torch.testing.assert_close(coarse[1, 0] - coarse[0, 0], (fine[3, 1] - fine[1, 1]) / 2, atol=1e-4, rtol=0)


def test_body_heads_show_the_same_place_of_the_body_before_any_training():
    """What changes at one place of the reference changes the prediction where the body has that place now."""
    reference_map, frame_map = body_maps()
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randn(1, 64, BODY_SIZES["block_out_channels"][0], generator=generator)
    changed = tokens.clone()
    changed[:, 2 * 8 + 1] += 3
    torch.manual_seed(0)
    transformer = DenoisingUNet(**BODY_SIZES, **TINY_TEMPORAL).down_blocks[0].attentions[0]
    x, image = torch.zeros(1, tokens.shape[2], 8, 8), torch.zeros(1, 1, 24)
    changes = []
    for known in (reference_map, None):
        given = (LayerConditions(image=image, reference=t, reference_body_map=known) for t in (tokens, changed))
        with torch.no_grad():
            before, after = (transformer(x, conditions, frame_map)[0] for conditions in given)
        changes.append((after - before).square().sum(dim=1).flatten())
    place = 5 * 8 + 5
    shares = [(change[place] / change.sum()).item() for change in changes]
    assert changes[0].argmax() == place and shares[0] > 0.25 and shares[0] > 5 * shares[1], shares


def test_the_map_of_the_reference_goes_with_its_features_through_projection():
    reference_map, frame_map = body_maps()
    reference_net = randomised(ReferenceNet(**BODY_SIZES), 1)
    unet = randomised(DenoisingUNet(**BODY_SIZES, **TINY_TEMPORAL), 2)
    generator = torch.Generator().manual_seed(0)
    latents, token = torch.randn(1, 4, 8, 8, generator=generator), torch.randn(1, 1, 24, generator=generator)
    width, timestep, noisy = BODY_SIZES["block_out_channels"][0], torch.tensor([9]), torch.zeros(1, 4, 2, 8, 8)
    features = torch.zeros(1, width, 8, 8)
    pose = torch.cat([features, frame_map], dim=1)[:, :, None].repeat(1, 1, 2, 1, 1)
    results = []
    with torch.no_grad():
        for known in (reference_map, torch.zeros_like(reference_map)):
            reference = reference_net(latents, token, pose_features=torch.cat([features, known], dim=1))
            plain = unet(noisy, timestep, token, pose_features=pose, reference=reference)
            projected = unet(noisy, timestep, unet.project(token, reference.to("cpu")), pose_features=pose)
            torch.testing.assert_close(plain, projected)
            results.append(plain)
    assert (results[0] - results[1]).abs().max() > 1e-3


def test_pose_features_without_a_body_map_are_refused_by_body_heads():
    unet = DenoisingUNet(**BODY_SIZES, **TINY_TEMPORAL)
    pose = torch.zeros(1, BODY_SIZES["block_out_channels"][0], 1, 8, 8)
    with pytest.raises(ValueError, match=r"body_heads = 1.*body_map = True"):
        unet(torch.zeros(1, 4, 1, 8, 8), torch.tensor([9]), torch.zeros(1, 1, 24), pose_features=pose)


def test_a_pose_guider_hands_on_the_places_of_a_body_map():
    guider = PoseGuider(8, (4, 8, 8), body_map=True)
    picture = torch.zeros(1, 3, 2, 16, 16)
    picture[:, :2, 1, 8:12, 4:8] = torch.tensor([0.25, 0.5])[None, :, None, None]
    with torch.no_grad():
        features = guider(picture)
    assert features.shape == (1, 10, 2, 4, 4)
    expected = torch.zeros(2, 4, 4)
    expected[:, 2, 1] = torch.tensor([0.25, 0.5])
    torch.testing.assert_close(features[0, 8:, 1], expected)
    assert not features[0, :, 0].any()
