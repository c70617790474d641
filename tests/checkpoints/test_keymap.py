"""Weight maps: every key is accounted for, and every fault has its own message."""

import pytest
import torch
from torch import nn

from animate_anyone.checkpoints.keymap import Drop, KeyMap, Rename, load_into
from animate_anyone.errors import CheckpointError


def model(device: str = "meta") -> nn.Module:
    with torch.device(device):
        return nn.ModuleDict({"first": nn.Linear(2, 3), "second": nn.Linear(3, 1)})


def weights() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {key: torch.randn(value.shape, generator=generator) for key, value in model("cpu").state_dict().items()}


def test_loads_onto_the_meta_device_without_a_copy():
    network, tensors = model(), weights()
    load_into(network, tensors, source="test")
    loaded = dict(network.named_parameters())
    assert all(loaded[key].data_ptr() == tensors[key].data_ptr() for key in tensors)
    assert all(parameter.requires_grad for parameter in loaded.values())


def test_casts_to_the_wanted_dtype():
    network = model()
    load_into(network, weights(), source="test", dtype=torch.bfloat16)
    assert {parameter.dtype for parameter in network.parameters()} == {torch.bfloat16}


def test_missing_weights_are_named_and_counted():
    tensors = weights()
    del tensors["first.weight"], tensors["second.bias"]
    with pytest.raises(CheckpointError, match=r"test: 2 weights of ModuleDict missing: first\.weight, second\.bias"):
        load_into(model(), tensors, source="test")


def test_only_the_first_few_names_are_shown():
    with pytest.raises(CheckpointError, match=r"4 weights .*first\.weight, first\.bias, second\.weight and 1 more"):
        load_into(model(), {}, source="test")


def test_left_over_weights_are_named():
    with pytest.raises(CheckpointError, match=r"1 weight left over that ModuleDict does not have: third\.bias"):
        load_into(model(), weights() | {"third.bias": torch.ones(1)}, source="test")


def test_wrong_shapes_are_named_with_both_shapes():
    with pytest.raises(CheckpointError, match=r"wrong shape for ModuleDict: first\.bias \(4,\) instead of \(3,\)"):
        load_into(model(), weights() | {"first.bias": torch.ones(4)}, source="test")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_not_finite_are_named(value: float):
    tensors = weights()
    tensors["second.weight"][0, 1] = value
    with pytest.raises(CheckpointError, match=r"1 weight of ModuleDict with NaN or infinite values: second\.weight"):
        load_into(model(), tensors, source="test")


def test_a_failed_load_changes_nothing():
    network = model("cpu")
    before = {key: value.clone() for key, value in network.state_dict().items()}
    with pytest.raises(CheckpointError):
        load_into(network, weights() | {"third.bias": torch.ones(1)}, source="test")
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def test_renames_and_drops():
    tensors = {f"old.{key}": value for key, value in weights().items()} | {"step": torch.ones(1)}
    keymap = KeyMap(renames=(Rename(r"^old\.", ""),), drops=(Drop("step", "a counter"),))
    network = model()
    load_into(network, tensors, source="test", keymap=keymap)
    assert torch.equal(network.state_dict()["first.bias"], tensors["old.first.bias"])


def test_a_drop_matches_whole_keys_only():
    assert KeyMap(drops=(Drop("first", "test"),)).target("first.bias") == "first.bias"


def test_two_keys_for_one_weight_are_an_error():
    tensors = weights() | {"old.first.bias": torch.zeros(3)}
    with pytest.raises(
        CheckpointError, match=r"'first\.bias' and 'old\.first\.bias' are both weights of 'first\.bias'"
    ):
        load_into(model(), tensors, source="test", keymap=KeyMap(renames=(Rename(r"^old\.", ""),)))


def test_kept_weights_keep_their_values_and_may_not_be_given():
    network = model("cpu")
    second = network.state_dict()["second.weight"].clone()
    first_only = {key: value for key, value in weights().items() if key.startswith("first")}
    load_into(network, first_only, source="test", keep=r"^second\.")
    assert torch.equal(network.state_dict()["second.weight"], second)
    assert torch.equal(network.state_dict()["first.weight"], first_only["first.weight"])
    with pytest.raises(CheckpointError, match="left over"):
        load_into(network, weights(), source="test", keep=r"^second\.")
