"""Fills the file tour of docs/architecture.md with the first sentence of every source file's docstring.

    python tools/file_tour.py

In the document, a line `<!-- files: models -->` opens the list of the files of that folder of the package (`.` for the
package itself), and `<!-- end -->` closes it. Prose around the lists is left alone.
"""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "animate_anyone"
DOCUMENT = ROOT / "docs" / "architecture.md"
BLOCK = re.compile(r"(<!-- files: (?P<folder>\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def first_sentence(path: Path) -> str:
    """What a file is for, in its own words."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    if not docstring:
        raise SystemExit(f"{path} has no docstring; its first line says what the file is for.")
    paragraph = " ".join(docstring.split("\n\n")[0].split())
    return re.split(r"(?<=\.) (?=[A-Z])", paragraph)[0]


def tour(folder: str) -> str:
    """One line for each file of a folder that has something in it."""
    files = [path for path in sorted((PACKAGE / folder).glob("*.py")) if path.stat().st_size]
    return "".join(f"- `{path.name}`: {first_sentence(path)}\n" for path in files)


def folders() -> list[str]:
    """Folders of the package with source files, `.` first."""
    with_files = {path.parent for path in PACKAGE.rglob("*.py") if path.stat().st_size}
    return sorted(path.relative_to(PACKAGE).as_posix() for path in with_files)


def filled(text: str) -> str:
    """The document with every list up to date."""
    return BLOCK.sub(lambda match: match[1] + tour(match["folder"]) + match[3], text)


if __name__ == "__main__":
    DOCUMENT.write_text(filled(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
