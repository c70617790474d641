"""Puts the tables of a report into a page of the documentation, between the marks that it has for them.

A line `<!-- figures: training -->` opens the place of the table of that name, `<!-- figures: machine -->` that of the
line on the machine, and `<!-- end -->` closes it. Prose around them is left alone.
"""

import re

from benchmarks.report import Report

PLACE = re.compile(r"(<!-- figures: (?P<name>[\w ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def filled(page: str, report: Report) -> str:
    """The page with the figures of the report."""
    texts = report.tables() | {"machine": report.machine_line()}
    return PLACE.sub(lambda match: f"{match[1]}{texts[match['name']]}\n{match[3]}", page)
