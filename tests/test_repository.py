"""The repository keeps its promises to readers: commands that can be copied, a tour that is complete."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

import file_tour

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "animate_anyone"


def fenced_blocks(text: str) -> list[str]:
    return re.findall(r"^```[^\n]*\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def test_readme_begins_with_the_two_commands():
    first, second = fenced_blocks((ROOT / "README.md").read_text(encoding="utf-8"))[:2]
    assert first == "python -m pip install -c constraints.txt . && animate-anyone demo\n"
    assert second == 'python -m pip install -c constraints.txt ".[dev]" && python -m pytest\n'


def test_ci_takes_its_command_from_the_readme():
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111, "not executable"
    assert "README.md" in script.read_text(encoding="utf-8")
    assert "pip install" not in script.read_text(encoding="utf-8")


def test_torch_is_pinned_for_both_commands():
    assert re.search(r"^torch==", (ROOT / "constraints.txt").read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_links_in_documents_lead_somewhere():
    for document in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)", document.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.name} links to {target}, which is not there"


def test_the_file_tour_is_complete_and_current():
    text = file_tour.DOCUMENT.read_text(encoding="utf-8")
    listed = {match["folder"] for match in file_tour.BLOCK.finditer(text)}
    missing = sorted(set(file_tour.folders()) - listed)
    assert not missing, f"docs/architecture.md has no list for {missing}; add one, then run: python tools/file_tour.py"
    assert file_tour.filled(text) == text, "The file tour is out of date; run: python tools/file_tour.py"


@pytest.mark.parametrize("folder", file_tour.folders())
def test_files_are_short_and_say_what_they_are_for(folder):
    for path in (PACKAGE / folder).glob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert source.count("\n") <= 400, f"{path.name} has more than 400 lines; split it by subject"
        assert not source or ast.get_docstring(ast.parse(source)), f"{path.name} does not say what it is for"


def test_front_ends_stay_thin():
    long = [path.name for path in (PACKAGE / "cli").glob("*.py") if path.read_text("utf-8").count("\n") >= 200]
    assert not long, f"{long}: a front end parses, calls and prints"


def test_the_package_is_installed_in_the_version_it_states():
    import animate_anyone

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert animate_anyone.__version__ == project["version"]
