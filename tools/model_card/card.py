"""The model card: made of the record of the training and the measures, in Markdown."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from animate_anyone.evaluation.document import Evaluation
from animate_anyone.evaluation.tables import markdown_not_run, markdown_table

CURVES, SHEET, DRAWINGS = "curves.svg", "sheet.jpg", "drawings.png"

KNOWN_FAILURES = """Blurred faces, hands and patterns; small limbs that cross the body; characters shown half; colours
that drift from the reference's; flicker in textures."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the card says."""

    record: Mapping[str, Any]
    """As from `record.training_record`."""
    measured: Evaluation
    num_parameters: Mapping[str, int]
    size: int
    """Bytes of all weights."""
    known_failures: str
    has_drawings: bool


def model_card(facts: Facts) -> str:
    """The card; its pictures lie beside it."""
    parts = "\n".join(f"| `{name}` | {count / 1e6:.2f} M |" for name, count in facts.num_parameters.items())
    settings = facts.measured.settings
    return f"""# mini

The model inside the package: it animates drawn characters at about 128 x 128 pixels, on a laptop, without any download.
Trained from nothing by this package on characters that this package draws. Licence: Apache-2.0.

It has seen no photograph and no other drawing style, so on those it is a demonstration of the machinery, no more.

## Parts

| component | parameters |
|---|---|
{parts}

{facts.size / 1e6:.1f} MB in half precision.

## Training

Commit `{facts.record["commit"]}`; {facts.record["machine"]}. Configurations: `configs/mini-*.toml`, and as used in
`training.json`, with the losses.

| stage | steps | batch | samples | frames | seed | last loss |
|---|---|---|---|---|---|---|
{_stages(facts.record["stages"])}

![Loss curves]({CURVES})

## Measured

{len(facts.measured.clips)} clips of {facts.measured.protocol.title}: characters and motions of the test split, never
trained on. 48 frames each, one reference frame in another pose, {_counted(settings["num_inference_steps"], "step")},
guidance {settings["guidance_scale"]:g}. Means over clips, with the interval that holds 95 % of the means of resampled
clips.

{markdown_table(facts.measured)}
Not run, for want of networks:

{markdown_not_run(facts.measured)}
"Copied reference" shows the reference picture in every frame; "autoencoder alone" is the ceiling that its VAE sets.
Again, from a checkout: `animate-anyone evaluate configs/procchar.toml --output DIR`. Its report says what each measure
is exactly.

![The best, the median and the worst clip]({SHEET})
{_drawings(facts.has_drawings)}
## Known failures

{facts.known_failures.strip()}
"""


def known_failures(path: Path | None) -> str:
    """The text of a file, or what is known of every model of this size."""
    return KNOWN_FAILURES if path is None else path.read_text(encoding="utf-8")


def _stages(stages: Mapping[str, Any]) -> str:
    lines: list[str] = []
    for name, stage in stages.items():
        runs = (*stage.get("previous", ()), stage)
        for number, run in enumerate(runs, start=1):
            title = f"`{name}`" + (f", run {number} of {len(runs)}" if len(runs) > 1 else "")
            config, last = run["config"], run["curve"][-1]["loss"]
            lines.append(
                f"| {title} | {run['steps']} | {config['batch_size']} | {run['samples']} | {run['frames']} "
                f"| {config['seed']} | {last:.4g} |"
            )
    return "\n".join(lines)


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'s' * (number > 1)}"


def _drawings(there: bool) -> str:
    if not there:
        return ""
    return f"\n## Characters drawn by hand\n\nNot in its training data, nor in the style of it.\n\n![]({DRAWINGS})\n"
