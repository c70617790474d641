"""The order in which the windows of several steps are denoised, so that little has to be kept of each in between."""

from collections.abc import Iterator, Sequence

from animate_anyone.sampling.windows import Window


def last_holders(batches: Sequence[Sequence[Window]]) -> dict[int, int]:
    """For each frame the last batch of windows that holds it: after that one, its step is complete."""
    return {frame: index for index, batch in enumerate(batches) for window in batch for frame in window.frames}


def walk(batches: Sequence[Sequence[Window]], num_steps: int) -> Iterator[tuple[int, int]]:
    """Goes through all batches of all steps, along the clip rather than step by step.

    A batch is denoised as soon as all its frames have been through the step before, and the later step comes first. So
    a batch is through all steps when few batches after it have begun, however long the clip is: as many as there are
    steps, where windows overlap their neighbours alone.

    Args:
        batches: windows that are denoised together, the same at each of these steps.
        num_steps: how many steps.

    Yields:
        The step and the batch.
    """
    last = last_holders(batches)
    needed = [max(last[frame] for window in batch for frame in window.frames) for batch in batches]
    done = [0] * num_steps
    while done[-1] < len(batches):
        step = max(
            step
            for step, batch in enumerate(done)
            if batch < len(batches) and (step == 0 or needed[batch] < done[step - 1])
        )
        yield step, done[step]
        done[step] += 1


def goes_along(plan: Sequence[Window]) -> bool:
    """Whether the windows follow each other from the start of the clip to its end, none wrapping around."""
    starts = [window.frames[0] for window in plan]
    return starts == sorted(starts) and all(list(window.frames) == sorted(window.frames) for window in plan)
