"""The page of metrics, from where they are declared."""

from __future__ import annotations

from api.app import REQUEST_METRICS
from api.metrics import FAMILIES
from ops.reference.markdown import code, codes, page, table


def metrics_page() -> str:
    """Every figure that the platform shows of itself."""
    rows: list[tuple[str, str, str, tuple[str, ...]]] = [
        (family.name, family.kind, family.means, family.labels) for family in FAMILIES
    ]
    for metric in REQUEST_METRICS:
        (described,) = metric.describe()
        name = described.name + ("_total" if described.type == "counter" else "")
        rows.append((name, described.type, described.documentation, metric._labelnames))
    return page(
        "Metrics",
        "`GET /metrics`, for the admin of the brand that owns the installation: figures for Prometheus over all "
        "brands, from `api/metrics.py` and `api/app.py`. Of a store that is away there are no figures. Those of jobs "
        "are counted by the workers and shown by the API. Beside them stand those of the process itself (`process_…`).",
        table(
            ("name", "type", "means", "labels"),
            ((code(name), kind, means, codes(labels)) for name, kind, means, labels in sorted(rows)),
        ),
    )
