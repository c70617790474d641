import evaluation_tables


def test_the_tables_of_the_documentation_are_current():
    text = evaluation_tables.DOCUMENT.read_text(encoding="utf-8")
    assert {match["name"] for match in evaluation_tables.BLOCK.finditer(text)} == evaluation_tables.TABLES.keys()
    assert evaluation_tables.filled(text) == text, "Out of date; run: python tools/evaluation_tables.py"
