"""Steps that share deep features: what is asked of the network, what is kept, and that nothing else changes."""

from weakref import WeakSet

import pytest
import torch

from animate_anyone.sampling.guidance import DeepFeatures, Prediction
from animate_anyone.sampling.presets import EXACT, Preset
from animate_anyone.sampling.schedule import animate_anyone_schedule
from animate_anyone.sampling.windows import ClosedLoopWindows, OverlappingWindows
from whole_clip import whole_clip

STILL = OverlappingWindows(8, 3, moving=False)


class Network:
    """Predicts from latents, step and place of a window, and records what it is asked."""

    def __init__(self):
        self.asked: list[tuple[int, int, bool, bool, bool]] = []
        self.alive: WeakSet[torch.Tensor] = WeakSet()
        self.most_alive = 0

    def __call__(self, latents, timestep, frames, /, *, guided, deep):
        has = deep is not None and deep.conditional is not None, deep is not None and deep.unconditional is not None
        self.asked.append((int(timestep[0]), frames[0][0], guided, *has))
        places = torch.tensor([float(sum(window)) for window in frames])[:, None, None, None, None]
        predicted = 0.9 * latents + 1e-3 * places.sin() * timestep[:, None, None, None, None]
        return Prediction(
            conditional=predicted, unconditional=0.5 * latents if guided else None, deep=self.kept(deep, guided)
        )

    def kept(self, deep, guided):
        if deep is None:
            return DeepFeatures()
        conditional = self.new() if deep.conditional is None else deep.conditional
        unconditional = self.new() if guided and deep.unconditional is None else deep.unconditional
        self.most_alive = max(self.most_alive, len(self.alive))
        return DeepFeatures(conditional=conditional, unconditional=unconditional)

    def new(self):
        features = torch.zeros(1)
        self.alive.add(features)
        return features


def run(network, num_frames=30, *, num_steps=7, preset=EXACT, windows=STILL, **options):
    noise = torch.randn(1, 2, num_frames, 4, 4, generator=torch.Generator().manual_seed(0))
    scheduler = animate_anyone_schedule()
    return whole_clip(
        network, noise, scheduler, num_steps=num_steps, windows=windows, guidance_scale=2.0, preset=preset, **options
    )


@pytest.mark.parametrize("at_once", [1, 2])
def test_the_order_changes_nothing(at_once):
    """A network that makes no use of what is kept gives the same clip, bit for bit, in either order."""
    plain = run(Network())
    shared = run(Network(), preset=Preset(refresh_every=3, fewest_refreshes=1), windows_at_once=at_once)
    assert torch.equal(plain, shared)


def test_features_are_computed_once_for_the_steps_that_share_them():
    network = Network()
    preset = Preset(refresh_every=3, fewest_refreshes=1, guided=(0.2, 1.0))
    run(network, 8, preset=preset)
    timesteps = sorted({asked[0] for asked in network.asked}, reverse=True)
    # Per step: guided, conditional features there, unconditional features there. The last step stands alone.
    assert [asked[2:] for asked in network.asked] == [
        (False, False, False),
        (True, True, False),
        (True, True, True),
        (True, False, False),
        (True, True, True),
        (True, True, True),
        (True, False, False),
    ]
    assert [asked[0] for asked in network.asked] == timesteps


@pytest.mark.parametrize("num_frames", [30, 300])
def test_features_of_few_windows_are_kept_however_long_the_clip(num_frames):
    network = Network()
    run(network, num_frames, preset=Preset(refresh_every=3, fewest_refreshes=1), windows=OverlappingWindows(8, 3))
    # Of four windows, with and without conditions; and at the end nothing.
    assert network.most_alive == 8
    assert not network.alive


def test_steps_that_share_features_share_their_windows():
    network = Network()
    run(network, 30, num_steps=6, preset=Preset(refresh_every=3, fewest_refreshes=1), windows=OverlappingWindows(8, 3))
    by_step = {}
    for timestep, start, *_ in network.asked:
        by_step.setdefault(timestep, []).append(start)
    starts = [by_step[timestep] for timestep in sorted(by_step, reverse=True)]
    assert starts[0] == starts[1] == starts[2] and starts[3] == starts[4] == starts[5]
    assert starts[0] != starts[3]


def test_progress_never_goes_back():
    told, steps = [], []
    run(
        Network(),
        preset=Preset(refresh_every=3, fewest_refreshes=1),
        on_window=lambda step, done, total: told.append(step + done / total),
        on_step=lambda step, output, latents: steps.append((step, latents)),
    )
    assert told == sorted(told) and told[-1] == 7 and len(set(told)) == 7 * 6
    assert [step for step, _ in steps] == [2, 5, 6]
    assert not torch.equal(steps[0][1], steps[1][1])


def test_windows_that_wrap_around_are_refused():
    preset = Preset(refresh_every=2, fewest_refreshes=1)
    with pytest.raises(ValueError, match="wraps around"):
        run(Network(), preset=preset, windows=ClosedLoopWindows(8, 2))
