"""Every code that is answered stands on one page with its meaning, and every code of that page is answered."""

import ast
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import get_args

from api.codes import ANSWERS, CODES, STATUSES, meanings
from events.outcome import Status
from tests.house.query_files import CYPHER, path_of
from tests.house.sources import ROOT, modules

_ROOMS = (
    *("api", "brands", "core", "events", "evidence", "graph", "intake", "ledger", "members", "ops", "privacy", "risk"),
    "worker",
)
_PLACE = {"Refusal": 1, "FieldError": 1, "Finding": 2, "Outcome": 2, "PydanticCustomError": 0}
"""Where the code stands among the arguments of what carries one."""
_RETURNING = {("ledger/domain/withdrawal.py", "refusal"), ("events/fields.py", "_code")}
"""Functions that answer a code."""
_DECIDED_IN_CYPHER = re.compile(r"CASE\b((?:(?!\bCASE\b).)*?)\bEND AS (?:early|code)\b", re.DOTALL)
_PASSED_ON = {
    "None",
    "code",  # of an error of HTTP, of a query's row
    "self.code",
    "decided.code",
    "finding.code",
    "first.code",
    "outcome.code",
    "refusal.code",
    "row.code",
    "_code(error)",
    "f'{store}_unavailable'",
}
"""Codes that come from somewhere else, where they are read."""


def test_every_code_has_a_meaning() -> None:
    written = set(_in_python()) | set(_in_cypher())
    assert len(written) > 40, "the search finds nothing any more"
    unknown = written - set(meanings()) - {"literal_error"}  # pydantic's own, told as unknown_value
    assert not unknown, f"say in api/codes.py what these mean: {sorted(unknown)}"


def test_every_meaning_has_a_code() -> None:
    by_http = {status.phrase.lower().replace(" ", "_") for status in HTTPStatus}
    by_store = {f"{store}_unavailable" for store in ("postgres", "neo4j", "redis", "kafka")}
    dead = set(meanings()) - set(_in_python()) - set(_in_cypher()) - by_http - by_store
    assert not dead, f"nobody answers {sorted(dead)}"


def test_no_code_stands_twice() -> None:
    listed = [code for group in CODES.values() for code in group]
    assert len(listed) == len(set(listed))


def test_every_status_has_a_meaning() -> None:
    assert set(STATUSES) == {*get_args(Status), "pending"}
    taken = dict(modules("intake"))["intake/intake.py"]
    (statuses,) = (
        node.annotation
        for cls in ast.walk(taken)
        if isinstance(cls, ast.ClassDef) and cls.name == "Taken"
        for node in cls.body
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "status"
    )
    assert set(ANSWERS) == set(_texts(statuses))


def test_codes_of_an_import_stand_in_its_guide() -> None:
    """Remarks of an import are the shop's side's own; what the platform answers is passed on as it is."""
    carrying = {"refused": 2, "note": 2, "_Wrong": 1}
    written = {
        code
        for path, tree in modules("shopside")
        if path.startswith("shopside/importing/")
        for call in _calls(tree)
        if (place := carrying.get(_name(call))) is not None and len(call.args) > place
        for code in _texts(call.args[place])
    }
    guide = (ROOT / "docs" / "guides" / "import.md").read_text(encoding="utf-8")
    silent = {code for code in written - set(meanings()) if f"`{code}`" not in guide}
    assert written
    assert not silent, f"docs/guides/import.md does not say {sorted(silent)}"


def _in_python() -> Iterator[str]:
    for path, tree in modules(*_ROOMS):
        for call in _calls(tree):
            for argument in _code_arguments(call):
                found = list(_texts(argument))
                assert found or ast.unparse(argument) in _PASSED_ON, f"{path}:{call.lineno}: {ast.unparse(argument)}"
                yield from found
            if _name(call) == "unavailable":
                yield from (f"{store}_unavailable" for store in _texts(call.args[0]))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and (path, node.name) in _RETURNING:
                yield from (
                    text
                    for part in ast.walk(node)
                    if isinstance(part, ast.Return) and part.value is not None
                    for answer in _answers(part.value)
                    for text in _texts(answer)
                )
            if isinstance(node, ast.AnnAssign) and (path, ast.unparse(node.target)) == ("events/fields.py", "_CODES"):
                assert isinstance(node.value, ast.Dict)
                yield from (text for part in node.value.values for text in _texts(part))


def _code_arguments(call: ast.Call) -> Iterator[ast.expr]:
    place = _PLACE.get(_name(call))
    if place is None:
        return
    if len(call.args) > place:
        yield call.args[place]
    yield from (word.value for word in call.keywords if word.arg == "code")


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _name(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def _texts(node: ast.AST) -> Iterator[str]:
    """Codes as they are written; a code is one word of small letters."""
    for part in ast.walk(node):
        if (
            isinstance(part, ast.Constant)
            and isinstance(part.value, str)
            and re.fullmatch(r"[a-z][a-z0-9_]+", part.value)
        ):
            yield part.value


def _answers(value: ast.expr) -> Iterator[ast.expr]:
    """What an expression may come to: both sides of a choice, and what is looked up in a table when it is not there."""
    match value:
        case ast.IfExp(body=yes, orelse=no):
            yield from (yes, no)
        case ast.Call(args=[_, default]):
            yield default
        case ast.Constant():
            yield value


def _in_cypher() -> Iterator[str]:
    for name in CYPHER:
        text = path_of("cypher", name).read_text(encoding="utf-8")
        for choice in _DECIDED_IN_CYPHER.findall(text):
            yield from re.findall(r"(?:THEN|ELSE) '([a-z_]+)'", choice)
