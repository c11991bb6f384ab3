"""What a run found, as a Markdown table for people and JSON lines for machines."""

import json
import os
import platform
from dataclasses import asdict, dataclass, field

import psutil


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured thing; ``ratio`` is against the peer named, in the same run."""

    measure: str
    who: str
    value: float
    unit: str
    peer: str = ""
    ratio: float | None = None


@dataclass(slots=True)
class Report:
    """The figures of a run in the order they were found."""

    seed: int
    figures: list[Figure] = field(default_factory=list)

    def add(self, measure: str, who: str, value: float, unit: str, *, over: tuple[str, float] | None = None) -> None:
        """Keep a figure; ``over`` is the peer's name and its value of the same unit."""
        ratio = value / over[1] if over and over[1] else None
        self.figures.append(Figure(measure, who, value, unit, over[0] if over else "", ratio))

    def markdown(self) -> str:
        """A table with one line per figure."""
        lines = ["| measure | who | value | unit | ÷ peer |", "|---|---|---:|---|---|"]
        for figure in self.figures:
            ratio = "" if figure.ratio is None else f"{figure.ratio:.2f} × {figure.peer}"
            value = f"{figure.value:,.0f}" if figure.value >= 100 else f"{figure.value:,.2f}"
            lines.append(f"| {figure.measure} | {figure.who} | {value} | {figure.unit} | {ratio} |")
        return "\n".join(lines)

    def json_lines(self) -> str:
        """One JSON object per figure, each with what is needed to compare runs."""
        machine = {
            "python": platform.python_version(),
            "cores": psutil.cpu_count(),
            "load": os.getloadavg()[0],
            "seed": self.seed,
        }
        return "\n".join(json.dumps(machine | asdict(figure), ensure_ascii=False) for figure in self.figures)
