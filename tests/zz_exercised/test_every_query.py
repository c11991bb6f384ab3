"""At the end of a whole run: every query file was executed by some test at least once."""

from tests.house.query_files import CYPHER, SQL
from tests.zz_exercised.recorder import EXERCISED


def test_every_query_file_was_exercised(whole_suite: bool) -> None:
    """Says something only about a whole run; a chosen part of the tests exercises a part of the files."""
    expected = {("sql", name) for name in SQL} | {("cypher", name) for name in CYPHER}
    assert expected >= EXERCISED
    if whole_suite:
        assert not expected - EXERCISED, "\n".join("/".join(file) for file in sorted(expected - EXERCISED))
