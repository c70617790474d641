"""Fills the tables of docs/evaluation.md from the data that they are about: measures, protocols, weight files.

    python tools/evaluation_tables.py

In the document, a line `<!-- table: measures -->` opens a table and `<!-- end -->` closes it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from animate_anyone.checkpoints.network_files import (
    FID_INCEPTION,
    I3D_KINETICS,
    RESNET3D_KINETICS,
    VGG16,
    NetworkFile,
)
from animate_anyone.checkpoints.sources import Source
from animate_anyone.evaluation.identity_networks import CLIP_VIT_B32, SFACE
from animate_anyone.evaluation.measures import DISTANCES, MEASURES, probe_of
from animate_anyone.evaluation.protocol import known_protocols, load_protocol

DOCUMENT = Path(__file__).parents[1] / "docs" / "evaluation.md"
BLOCK = re.compile(r"(<!-- table: (?P<name>\S+) -->\n).*?(<!-- end -->)", re.DOTALL)

INSTRUMENTS = {
    "lpips": "VGG16",
    "fid": "Inception-v3",
    "fid-vid": "3D ResNet-50",
    "fvd": "I3D",
    "clip": "CLIP",
    "face": "SFace",
    "detector": "a pose detector",
}
KNOWN = {"reference": "reference", "poses": "poses", "reference_pose": "pose of the reference"}
FILES: Mapping[str, NetworkFile] = {
    "LPIPS": VGG16,
    "FID": FID_INCEPTION,
    "FID-VID": RESNET3D_KINETICS,
    "FVD": I3D_KINETICS,
}
HUB: Mapping[str, Source] = {"CLIP similarity": CLIP_VIT_B32, "face similarity": SFACE}


def measures() -> Iterator[Sequence[str]]:
    """A line for each measure."""
    yield "name", "title", "what exactly", "needs"
    for name, measure in MEASURES.items():
        if name in DISTANCES:
            needs = [INSTRUMENTS[DISTANCES[name].instrument]]
        else:
            probe = probe_of(name)
            needs = [KNOWN[known] for known in probe.needs]
            needs += [] if probe.instrument is None else [INSTRUMENTS[probe.instrument]]
        yield f"`{name}`", measure.title, measure.definition, ", ".join(needs)


def protocols() -> Iterator[Sequence[str]]:
    """A line for each protocol of the package."""
    yield "protocol", "version", "clips", "size", "frames a second", "frames", "samples of video networks"
    for name in known_protocols():
        protocol = load_protocol(name)
        facts = protocol.record().facts
        columns = ("clips", "frame size", "frame rate", "frames of a clip", "samples of video networks")
        yield f"`{name}`", str(protocol.version), *(facts[column].removesuffix(" a second") for column in columns)


def networks() -> Iterator[Sequence[str]]:
    """A line for each weight file."""
    yield "measure", "file", "SHA-256", "from", "licence"
    for measure, file in FILES.items():
        digest = "none published" if file.sha256 is None else f"`{file.sha256}`"
        yield measure, f"`{file.name}`", digest, f"[{file.trained_by}]({file.page})", file.licence
    for measure, source in HUB.items():
        for file in source.files:
            yield (
                measure,
                f"`{file.saved_as}`",
                f"`{file.sha256}`",
                f"[{source.trained_by}]({source.url})",
                source.licence,
            )


TABLES: Mapping[str, Callable[[], Iterator[Sequence[str]]]] = {
    "measures": measures,
    "protocols": protocols,
    "networks": networks,
}


def table(name: str) -> str:
    """A table in Markdown."""
    header, *lines = TABLES[name]()
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (header, ["---"] * len(header), *lines))


def filled(text: str) -> str:
    """The document with every table up to date."""
    return BLOCK.sub(lambda match: match[1] + table(match["name"]) + match[3], text)


if __name__ == "__main__":
    DOCUMENT.write_text(filled(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
