"""Writes the hashes of the test set ProcChar-100 into the package, after the way characters are drawn has changed.

python tools/procchar_manifest.py
"""

from pathlib import Path

from animate_anyone.data import procchar

TARGET = Path(procchar.__file__).with_name("procchar.json")


def write_manifest(target: Path = TARGET, *, num_clips: int = procchar.NUM_CLIPS) -> None:
    """Draws the clips and writes their hashes to `target`."""
    hashes = [procchar.hashes_of(procchar.draw_clip(index)) for index in range(num_clips)]
    target.write_text(procchar.manifest(hashes), encoding="utf-8")


if __name__ == "__main__":
    write_manifest()
    print(f"Written: {TARGET}")
