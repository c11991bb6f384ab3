"""House rules about words: what files may be called, what code may say, what every bound must explain."""

import ast
import re
from collections.abc import Iterator

from tests.house.sources import ROOT, files, modules

BANNED_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc"}
# Put together here, so that this file passes its own search.
MACHINE_PATHS = re.compile(r"(?<![\w./*-])" + f"/(?:{'|'.join(('work', 'root', 'home'))})" + r"/\w")
REGISTRY_HOSTS = re.compile(
    "|".join(
        rf"\b{name}\.{end}"
        for name, end in (
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("npmjs", "(?:org|com)"),
            ("maven", "(?:org|apache)"),
            ("crates", "io"),
            ("golang", "org"),
            ("debian", "org"),
            ("artifactory", ""),
        )
    )
)
QUERY_TEXT = re.compile(
    r"\b(?:OPTIONAL )?MATCH\s*\(|\bMERGE\s*\(|\bUNWIND\s+\$|\bSELECT\s+[\w*$%(]|\bINSERT\s+INTO\b"
    r"|\bDELETE\s+FROM\b|\bUPDATE\s+\w+\s+SET\b|\bCREATE\s+(?:TABLE|INDEX|CONSTRAINT)\b|\bSET\s+ROLE\b|\bDETACH\s+DELETE\b"
)


def test_no_file_is_named_after_nothing() -> None:
    vague = [
        str(path.relative_to(ROOT))
        for path in files()
        if BANNED_NAMES & {part.split(".")[0].lower() for part in path.relative_to(ROOT).parts}
    ]
    assert not vague, "\n".join(vague)


def test_only_the_clock_asks_the_machine_for_the_time() -> None:
    asked = [
        f"{path}:{node.lineno}"
        for path, tree in modules()
        if path != "core/clock.py" and not path.startswith("shopside/bench/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name | ast.Attribute)
        and (ast.unparse(node.value).split(".")[-1], node.attr)
        in {
            ("datetime", "now"),
            ("datetime", "utcnow"),
            ("datetime", "today"),
            ("date", "today"),
            ("time", "time"),
        }
    ]
    assert not asked, "\n".join(asked)


def test_domains_know_neither_chance_nor_clock_nor_io() -> None:
    foreign = {
        "random",
        "secrets",
        "time",
        "uuid",
        "os",
        "socket",
        "psycopg",
        "neo4j",
        "redis",
        "httpx",
        "pathlib",
    }
    found = [
        f"{path}: {name}"
        for path, tree in modules("graph", "ledger", "members", "risk")
        if "domain" in path.split("/")
        for name in _imported(tree)
        if name.split(".")[0] in foreign or name in ("core.clock.wall_now", "core.clock.monotonic_s")
    ]
    assert not found, "\n".join(found)


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_money_never_meets_a_float() -> None:
    """No float literal, no ``float``, no true division in the ledger and in the money of the core."""
    found = [
        f"{path}:{node.lineno}"
        for path, tree in modules("ledger", "core")
        if path.startswith("ledger/") or path == "core/money.py"
        for node in ast.walk(tree)
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Name) and node.id == "float")
        or (isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div))
    ]
    assert not found, "\n".join(found)


def test_every_bound_says_its_reason() -> None:
    """Each constant of core/limits.py has a comment of its own, on its lines or on the line before."""
    lines = (ROOT / "core" / "limits.py").read_text(encoding="utf-8").splitlines()
    tree = ast.parse("\n".join(lines))
    silent = []
    for node in tree.body:
        if not isinstance(node, ast.AnnAssign | ast.Assign):
            continue
        around = lines[node.lineno - 2 : node.end_lineno]
        comments = [line.partition("#")[2].strip(" -") for line in around if "#" in line and "# ---" not in line]
        own = [line for line in lines[node.lineno - 1 : node.end_lineno] if "#" in line]
        above = around[0].lstrip().startswith("#") and "# ---" not in around[0]
        if not (own or above) or not any(comments):
            silent.append(ast.unparse(node.target if isinstance(node, ast.AnnAssign) else node.targets[0]))
    assert not silent, "\n".join(silent)


def test_no_file_names_a_machine_or_a_registry() -> None:
    found = []
    for path in files():
        if path.suffix in {".png", ".ico", ".gz", ".woff2", ".pdf", ".jar"}:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if MACHINE_PATHS.search(line) or REGISTRY_HOSTS.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}")
    assert not found, "\n".join(found)


def test_every_module_says_its_promise() -> None:
    silent = [path for path, tree in modules() if not ast.get_docstring(tree) and tree.body]
    assert not silent, "\n".join(silent)


def test_every_public_name_says_its_promise() -> None:
    """Public functions and classes, and methods that no base class, no protocol and no two lines explain."""
    promised = {
        part.name
        for _, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and any("Protocol" in ast.unparse(base) for base in node.bases)
        for part in node.body
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    silent = [
        f"{path}: {name}"
        for path, tree in modules()
        for name in _silent(tree.body, None)
        if "." not in name or name.split(".")[1] not in promised
    ]
    assert not silent, "\n".join(silent)


def _silent(body: list[ast.stmt], owner: ast.ClassDef | None) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            if not ast.get_docstring(node) and not _record(node):
                yield node.name
            yield from _silent(node.body, node)
        elif (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and not node.name.startswith("_")
            and not ast.get_docstring(node)
            and not _promised_by_decorator(node)
            and not (owner and (owner.bases or len(node.body) <= 2 or node.decorator_list))
        ):
            yield f"{owner.name}.{node.name}" if owner else node.name


def _promised_by_decorator(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Another form of a function that speaks, or a route whose summary stands in the API's reference."""
    return any(
        ast.unparse(part) == "overload"
        or (isinstance(part, ast.Call) and any(word.arg == "summary" for word in part.keywords))
        for part in node.decorator_list
    )


def _record(node: ast.ClassDef) -> bool:
    """Fields and nothing else that is public: their names, types and units say it."""
    public = [part for part in node.body if isinstance(part, ast.FunctionDef) and part.name[0] != "_"]
    return not public and any(isinstance(part, ast.AnnAssign) for part in node.body)


def test_no_query_text_in_python() -> None:
    """Cypher and SQL live in files: a query inside code is one that no test has explained."""
    found = []
    for path, tree in modules():
        prose = {id(node) for node in _docstrings(tree)}
        found += [
            f"{path}:{node.lineno}: {node.value.strip()[:60]!r}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in prose
            and QUERY_TEXT.search(node.value)
        ]
    assert not found, "\n".join(found)


def _docstrings(tree: ast.Module) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value
