"""A Python client generated from the document works against the running API."""

from pathlib import Path

from tests.clients.tools import HERE, TOOLS, document_of, journey_arguments, run
from tests.platform import NewShop, Running


async def test_a_generated_python_client_goes_the_whole_way(
    installation: Running, new_shop: NewShop, tmp_path: Path
) -> None:
    shop = await new_shop()
    document = await document_of(shop, tmp_path)
    options: tuple[str | Path, ...] = ("--path", document, "--config", HERE / "python.yml", "--meta", "none")
    package = tmp_path / "trefoil_api"
    said = await run(TOOLS / "openapi-python-client", "generate", *options, "--output-path", package)
    # the two content types that python.yml leaves out, and nothing else
    assert said.count("WARNING parsing") == said.count("Unsupported content type text/plain") == 2, said
    arguments = journey_arguments(installation, shop)
    await run(TOOLS / "python", HERE / "journey.py", *arguments, env={"PYTHONPATH": str(tmp_path)})
