"""Linters of the document, and clients in TypeScript and Go that are generated, compiled and run (``make clients``).

Not part of the suite: installing Node and Go takes minutes.
"""

import shutil
from pathlib import Path

from tests.clients.tools import HERE, TOOLS, document_of, journey_arguments, run
from tests.platform import NewShop, Running, Shop

PACKAGES = TOOLS.parent / "npm" / "node_modules"
SPECTRAL = PACKAGES / "@stoplight" / "spectral-cli" / "dist" / "index.js"
REDOCLY = PACKAGES / "@redocly" / "cli" / "bin" / "cli.js"
TO_TYPES = PACKAGES / "openapi-typescript" / "bin" / "cli.js"
TSC = PACKAGES / "typescript" / "bin" / "tsc"
TO_3_0 = PACKAGES / "@apiture" / "openapi-down-convert" / "lib" / "src" / "cli.js"


async def test_the_linters_find_no_error(shop: Shop, tmp_path: Path) -> None:
    document = await document_of(shop, tmp_path)
    await run(
        TOOLS / "node", SPECTRAL, "lint", document, "--ruleset", HERE / "spectral.yml", "--fail-severity", "error"
    )
    await run(TOOLS / "node", REDOCLY, "lint", document)


async def test_a_typescript_client_goes_the_whole_way(installation: Running, new_shop: NewShop, tmp_path: Path) -> None:
    shop = await new_shop()
    document = await document_of(shop, tmp_path)
    for name in ("journey.ts", "node.d.ts", "tsconfig.json", "package.json"):
        shutil.copy(HERE / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(PACKAGES)
    await run(TOOLS / "node", TO_TYPES, document, "--default-non-nullable", "false", "-o", tmp_path / "trefoil.ts")
    await run(TOOLS / "node", TSC, "--project", tmp_path)
    await run(TOOLS / "node", tmp_path / "out" / "journey.js", *journey_arguments(installation, shop))


async def test_a_go_client_goes_the_whole_way(installation: Running, new_shop: NewShop, tmp_path: Path) -> None:
    shop = await new_shop()
    document = await document_of(shop, tmp_path)
    older = tmp_path / "openapi-3.0.json"
    await run(TOOLS / "node", TO_3_0, "--input", document, "--output", older)
    shutil.copytree(HERE / "go", tmp_path / "go")
    api = tmp_path / "go" / "api"
    api.mkdir()
    generated = await run(TOOLS / "oapi-codegen", "-package", "api", "-generate", "types,client", older)
    (api / "api.go").write_text(generated, encoding="utf-8")
    await run(
        TOOLS / "go",
        "run",
        ".",
        *journey_arguments(installation, shop),
        cwd=tmp_path / "go",
        env={"GOTOOLCHAIN": "local"},
    )
