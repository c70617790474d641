"""`python -m animate_anyone.train CONFIG.toml [name=value ...]`: what torchrun starts in each process."""

import sys
from pathlib import Path

from animate_anyone.config_file import parse_overrides
from animate_anyone.errors import AnimateAnyoneError
from animate_anyone.train.loop import train

if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("Usage: python -m animate_anyone.train CONFIG.toml [name=value ...]")
    try:
        train(Path(sys.argv[1]), parse_overrides(sys.argv[2:]))
    except AnimateAnyoneError as error:
        sys.exit(str(error))
