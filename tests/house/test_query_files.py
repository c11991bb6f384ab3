"""Every query file: its header is true, both Neo4j lines and Postgres accept it, nothing in it can run away."""

import ast
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import psycopg
import pytest
import pytest_asyncio
from neo4j import AsyncGraphDatabase, AsyncSession
from psycopg.pq import ExecStatus

from core.limits import LOOP_HOPS_MAX
from core.stores.migrations import migrate
from tests.house.query_files import CYPHER, PLANNED, POSTGRES_TYPES, SCHEMA, SQL, header_of, numbered, path_of
from tests.house.sources import modules
from tests.services import Neo4jAddress, Services

# --- headers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("folder", "name"), [*(("cypher", name) for name in CYPHER), *(("sql", name) for name in SQL)])
def test_header_is_true(folder: str, name: str) -> None:
    header, text = header_of(folder, name)
    assert header.name == name
    assert header.does.endswith(".")
    assert header.bound
    unquoted = re.sub(r"'[^']*'|`[^`]*`", "", text)
    written = r"\$(\w+)" if folder == "cypher" else r"%\((\w+)\)[sbt]"
    assert set(re.findall(written, text if folder == "sql" else unquoted)) == header.param_names


def test_every_file_is_loaded_by_some_module() -> None:
    """No dead file, no name that is missing its file."""
    loaded = {
        (call.func.id, call.args[0].value)
        for _, tree in modules()
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in ("sql", "cypher")
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }
    kept = {("sql", name) for name in SQL} | {("cypher", name) for name in CYPHER}
    assert not kept - loaded, f"loaded by no module: {sorted(kept - loaded)}"
    assert not loaded - kept, f"without a file: {sorted(loaded - kept)}"


# --- Cypher -------------------------------------------------------------------------------------------------

_SCAN = re.compile(r"Scan")  # of all nodes, of a label, of a type, of a whole index: each grows with the graph
_SORTS = re.compile(r"Sort|Top")
_WALKS = re.compile(r"VarLength|ShortestPath|Trail|Repeat")
# A high limit of a shortest path is planned as an endless walk with a predicate on its length.
_LIMITED = re.compile(r"size\(\w+\) <= \d+")
_ENDLESS = re.compile(r"\*(?:\d+\.\.)?\]|\{\s*\d*\s*,\s*\}")
_NO_VALUES_GIVEN = "01N60"  # EXPLAIN needs no parameter values and says so each time


def _written_names() -> dict[str, set[str]]:
    """Labels, types and properties that the schema declares or some write query writes.

    A server warns of names it has never seen. Making these known to it first leaves the warnings that matter: a read
    of a name that nothing ever writes.
    """
    names: dict[str, set[str]] = {"Label": set(), "RelationshipType": set(), "Property": set()}
    for path in (*(path_of("cypher", name) for name in CYPHER), *SCHEMA):
        text = re.sub(r"//.*", "", path.read_text(encoding="utf-8"))
        clauses = re.split(r"\b(CREATE|MERGE|SET|MATCH|UNWIND|WITH|RETURN|REMOVE|CALL|WHERE)\b", text)
        for keyword, clause in zip(clauses[1::2], clauses[2::2], strict=True):
            if keyword in ("CREATE", "MERGE"):
                names["RelationshipType"] |= set(re.findall(r"\[\s*\w*\s*:\s*(\w+)", clause))
                names["Label"] |= set(re.findall(r"\(\s*\w*\s*:\s*(\w+)", clause))
                names["Property"] |= set(re.findall(r"[{,]\s*(\w+)\s*:", clause))
                names["Property"] |= set(re.findall(r"(?:REQUIRE|ON)\s.*?\.(\w+)", clause))
            elif keyword == "SET":
                names["Property"] |= set(re.findall(r"\w\.(\w+)\s*=", clause))
                names["Property"] |= set(re.findall(r"[{,]\s*(\w+)\s*:", clause))
                names["Label"] |= set(re.findall(r"(?:^|,)\s*\w+\s*:\s*(\w+)", clause))
    return names


@pytest_asyncio.fixture(params=["5.26", "2026.08"], loop_scope="session", scope="session")
async def graph(request: pytest.FixtureRequest) -> AsyncIterator[AsyncSession]:
    """A session on each Neo4j line, with the schema in place and all written names known to the server."""
    if request.param == "5.26":
        services: Services = request.getfixturevalue("services")
        address = Neo4jAddress(services.neo4j_url, services.neo4j_user, services.neo4j_password)
    else:
        address = request.getfixturevalue("newer_neo4j")
    async with (
        AsyncGraphDatabase.driver(address.url, auth=(address.user, address.password)) as driver,
        driver.session() as session,
    ):
        for path in SCHEMA:
            for statement in re.sub(r"//.*", "", path.read_text(encoding="utf-8")).split(";"):
                if statement.strip():
                    await (await session.run(statement)).consume()
        for kind, names in _written_names().items():
            for name in sorted(names):
                await (await session.run(f"CALL db.create{kind}($name)", name=name)).consume()
        yield session


@pytest.mark.parametrize("name", CYPHER)
async def test_cypher_is_understood_and_bounded(graph: AsyncSession, name: str) -> None:
    header, text = header_of("cypher", name)
    result = await graph.run(f"EXPLAIN {text}")
    columns = result.keys()
    summary = await result.consume()
    assert list(columns) == [column.name for column in header.returns]
    assert summary.query_type in ({"read": ("r",), "write": ("rw", "w", "s")}[header.mode])
    warnings = [
        status.status_description
        for status in summary.gql_status_objects
        if status.is_notification and status.gql_status != _NO_VALUES_GIVEN
    ]
    assert not warnings, "\n".join(warnings)
    steps = list(_steps(summary.plan))
    assert not [(step, detail) for step, detail in steps if _SCAN.search(step)]
    if any("SeekByRange" in step for step, _ in steps):  # a page goes on from its cursor in the order of the index
        assert not [(step, detail) for step, detail in steps if _SORTS.search(step)]
    walks = [detail for step, detail in steps if _WALKS.search(step)]
    assert not [walk for walk in walks if _ENDLESS.search(walk) and not _LIMITED.search(walk)]


def _steps(plan: Any) -> Iterator[tuple[str, str]]:
    yield plan["operatorType"], str(plan["args"].get("Details", ""))
    for child in plan.get("children", ()):
        yield from _steps(child)


# --- SQL ----------------------------------------------------------------------------------------------------

_ANSWERED_AS = {
    "str": {"text", "varchar", "name", "date"},
    "int": {"int8", "int4", "int2"},
    "float": {"float8"},
    "bool": {"bool"},
    "datetime": {"timestamptz"},
    "bytes": {"bytea"},
    "map": {"jsonb", "json"},
    "any": {"jsonb", "json"},
    "list[any]": {"json"},
    "list[str]": {"_text", "jsonb"},
    "list[int]": {"_int8", "_int4", "jsonb"},
    "list[map]": {"jsonb", "_jsonb"},
    "list[bytes]": {"_bytea"},
    "list[datetime]": {"_timestamptz"},
    "list[bool]": {"_bool"},
}


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def books(services: Services) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """A connection to the migrated database."""
    await migrate(services.postgres_url)
    async with await psycopg.AsyncConnection.connect(services.postgres_url, autocommit=True) as conn:
        await conn.execute("SET trefoil.brand = 'house'")  # planning asks for it
        yield conn


@pytest.mark.parametrize("name", SQL)
async def test_sql_is_understood(books: psycopg.AsyncConnection[Any], name: str) -> None:
    """Postgres parses, types and plans each file without being given values; columns have the header's types."""
    header, text = header_of("sql", name)
    if not PLANNED.match(text):
        assert header.returns == ()
        return  # SET, DO and NOTIFY have neither columns nor a plan; running them is their test
    # What makes tables and logins runs as the owner of the database, the rest as the role that security of rows binds.
    as_owner = name.startswith(("core/migrations_", "people/"))
    await books.execute("RESET ROLE" if as_owner else "SET ROLE trefoil_app")
    plain, oids = numbered(header, text)
    for prepared in (plain, f"EXPLAIN (GENERIC_PLAN) {plain}"):
        result = books.pgconn.prepare(b"", prepared.encode(), oids)
        assert result.status == ExecStatus.COMMAND_OK, result.get_error_message()
    books.pgconn.prepare(b"", plain.encode(), oids)
    described = books.pgconn.describe_prepared(b"")
    assert described.nparams == len(header.params)
    if header.returns:  # a file that returns nothing may call a function for its effect
        answered = [
            (
                bytes(described.fname(index) or b"").decode(),
                POSTGRES_TYPES[described.ftype(index)],
                described.ftype(index),
            )
            for index in range(described.nfields)
        ]
        assert [column for column, _, _ in answered] == [column.name for column in header.returns]
        for column, (_, kind, oid) in zip(header.returns, answered, strict=True):
            given = f"_{kind.name}" if oid == kind.array_oid else kind.name
            kind_of = re.sub(rf"\b({'|'.join(header.maps) or '-'})\b", "map", column.type.removesuffix("?"))
            assert given in _ANSWERED_AS[kind_of], column.name
    planned = books.pgconn.exec_(f"EXPLAIN (GENERIC_PLAN) {plain}".encode())
    assert planned.status == ExecStatus.TUPLES_OK, planned.get_error_message()
    plan = [bytes(planned.get_value(row, 0) or b"").decode() for row in range(planned.ntuples)]
    if header.mode == "read":
        assert not [step for step in plan if re.search(r"\b(Insert|Update|Delete|Merge) on |LockRows", step)]


_LOOPS: Final = ("tree/approve", "tree/bind", "tree/move")


def test_loops_are_looked_for_as_far_as_the_bound_says() -> None:
    """A quantifier cannot be a parameter, so the bound stands in the text of each query that looks for a loop.

    One hop more than the bound is walked: whoever stands there makes the chain too long.
    """
    for name in _LOOPS:
        text = path_of("cypher", name).read_text()
        assert f"{{1,{LOOP_HOPS_MAX + 1}}}(above)" in text, name
        assert f"count(above) > {LOOP_HOPS_MAX} AS loops" in text, name
    others = {name for name in CYPHER if "would_loop" in path_of("cypher", name).read_text()}
    assert others == set(_LOOPS)


@pytest.mark.parametrize("name", _LOOPS)
async def test_a_walk_in_search_of_a_loop_meets_nobody_twice(graph: AsyncSession, name: str) -> None:
    """Two ways to the same person would double the walk at every step of a long chain."""
    result = await graph.run(f"EXPLAIN {header_of('cypher', name)[1]}")
    walks = [(step, detail) for step, detail in _steps((await result.consume()).plan) if "above" in detail]
    assert any("Pruning,BFS" in step for step, _ in walks if "VarLength" in step)
    assert not [step for step, detail in walks if _WALKS.search(step) and "Pruning,BFS" not in step]
