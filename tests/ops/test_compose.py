"""The production shape: every part is there, pinned, and says whether it is well."""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]


def _services() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    services: dict[str, Any] = content["services"]
    return services


def test_every_part_has_a_health_check() -> None:
    services = _services()
    assert set(services) == {"postgres", "redis", "neo4j", "kafka", "prepare", "api", "worker"}
    # `prepare` ends; the others wait for it.
    assert [name for name, service in services.items() if "healthcheck" not in service] == ["prepare"]


def test_images_are_pinned_and_the_platform_waits_for_its_stores() -> None:
    services = _services()
    for name, service in services.items():
        image, _, tag = service["image"].partition(":")
        assert tag and tag != "latest", (name, image)
    assert set(services["prepare"]["depends_on"]) == {"postgres", "redis", "neo4j"}
    for name in ("api", "worker"):
        assert services[name]["depends_on"] == {"prepare": {"condition": "service_completed_successfully"}}


def test_the_worker_is_told_of_every_service_it_reads_from() -> None:
    services = _services()
    told = services["worker"]["environment"]
    for name, port in (("postgres", 5432), ("redis", 6379), ("neo4j", 7687), ("kafka", 9092)):
        assert any(f"{name}:{port}" in address for address in told.values()), name
    assert services["prepare"]["environment"] == told  # it writes down what the worker reads
    advertised = services["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    assert advertised == f"PLAINTEXT://{told['TREFOIL_KAFKA_BOOTSTRAP']}"


def test_the_image_does_not_run_as_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert "USER trefoil" in lines
    assert lines.index("USER trefoil") < next(n for n, line in enumerate(lines) if line.startswith("CMD"))
