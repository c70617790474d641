"""The command line. `app.py` puts the commands together; each command has a file, which parses, calls and prints."""

from animate_anyone.cli.app import main

__all__ = ["main"]
