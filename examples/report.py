"""A page of what `train.py` wrote down: loss of each source over the steps, weights of the sources over the epochs. No library, one file."""

from __future__ import annotations

import html
import json
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WIDTH, HEIGHT, MARGIN = 880, 320, 48
COLORS = ("#1b6ca8", "#d1495b", "#3a7d44", "#8d5a97", "#e08e1b", "#2a9d8f", "#6b705c", "#b5179e", "#555b6e", "#a44a3f")
POINTS_MAX = 400
"""Of a line; more steps are means of several."""


@dataclass
class Line:
    """A curve of a source: (x, y), x rising."""

    name: str
    points: list[tuple[float, float]] = field(default_factory=list)


def write_report(folder: Path) -> Path:
    losses, weights, steps = read_logs(sorted(folder.glob("log-*.jsonl")))
    shown = sorted(losses.values(), key=lambda line: -len(line.points))[: len(COLORS)]
    tables = "".join(f"<tr><td>{html.escape(line.name)}</td><td>{len(line.points)}</td><td>{line.points[0][1]:.3f}</td><td>{mean(tail(line)):.3f}</td></tr>" for line in sorted(losses.values(), key=lambda line: line.name))
    page = (
        "<!doctype html><meta charset=utf-8><title>Training run</title>"
        "<style>body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
        "table{border-collapse:collapse}td,th{padding:.2rem .8rem;border-bottom:1px solid #ddd;text-align:right}td:first-child,th:first-child{text-align:left}</style>"
        f"<h1>Training run</h1><p>{steps} steps, {len(losses)} sources.</p>"
        f"<h2>Loss of each source</h2>{chart([smoothed(line) for line in shown], 'step', 'nats per token')}"
        f"<h2>Weights of the sources</h2>{chart([weights[line.name] for line in shown if line.name in weights], 'epoch', 'weight')}"
        f"<h2>Sources</h2><table><tr><th>source<th>batches<th>first loss<th>last loss</tr>{tables}</table>"
    )
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def read_logs(logs: Iterable[Path]) -> tuple[dict[str, Line], dict[str, Line], int]:
    losses: dict[str, Line] = {}
    weights: dict[str, dict[int, float]] = {}
    steps = 0
    for log in logs:
        for text in log.read_text(encoding="utf-8").splitlines():
            line: dict[str, Any] = json.loads(text)
            if "weights" in line:
                for name, weight in line["weights"].items():
                    weights.setdefault(name, {})[line["epoch"]] = weight
            else:
                steps = max(steps, line["step"])
                losses.setdefault(line["source"], Line(line["source"])).points.append((line["step"], line["loss"]))
    for line_of in losses.values():
        line_of.points.sort()
    return losses, {name: Line(name, [(epoch, weight) for epoch, weight in sorted(of.items())]) for name, of in weights.items()}, steps


def mean(values: Sequence[float]) -> float:
    return sum(values) / max(1, len(values))


def tail(line: Line) -> list[float]:
    return [y for _, y in line.points[-8:]]


def smoothed(line: Line) -> Line:
    size = max(1, math.ceil(len(line.points) / POINTS_MAX))
    groups = [line.points[at : at + size] for at in range(0, len(line.points), size)]
    return Line(line.name, [(group[-1][0], mean([y for _, y in group])) for group in groups])


def chart(lines: Sequence[Line], x_name: str, y_name: str) -> str:
    points = [point for line in lines for point in line.points]
    if not points:
        return "<p>Nothing to show.</p>"
    (left, right), (low, high) = (span([x for x, _ in points]), span([0.0, *(y for _, y in points)]))

    def at(x: float, y: float) -> str:
        return f"{MARGIN + (x - left) / (right - left) * (WIDTH - 2 * MARGIN):.1f},{HEIGHT - MARGIN - (y - low) / (high - low) * (HEIGHT - 2 * MARGIN):.1f}"

    drawn = []
    for line, color in zip(lines, COLORS):
        path = " ".join(at(x, y) for x, y in line.points)
        dots = "".join('<circle cx="{}" cy="{}" r="2.5" fill="{}"/>'.format(*at(x, y).split(","), color) for x, y in line.points) if len(line.points) < 40 else ""
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="1.6"/>{dots}')
    grid = []
    for n in range(5):
        y = low + (high - low) * n / 4
        x0, y0 = at(left, y).split(",")
        grid.append(f'<line x1="{x0}" x2="{WIDTH - MARGIN}" y1="{y0}" y2="{y0}" stroke="#e5e5e5"/><text x="{MARGIN - 6}" y="{float(y0) + 4}" text-anchor="end">{y:.3g}</text>')
    # Steps and epochs are whole.
    for x in sorted({round(left + (right - left) * n / 4) for n in range(5)}):
        grid.append(f'<text x="{at(x, low).split(",")[0]}" y="{HEIGHT - MARGIN + 18}" text-anchor="middle">{x}</text>')
    legend = " ".join(f'<span style="color:{color}">■</span> {html.escape(line.name)}' for line, color in zip(lines, COLORS))
    names = f'<text x="{WIDTH / 2}" y="{HEIGHT - 8}" text-anchor="middle">{x_name}</text><text x="{MARGIN}" y="{MARGIN - 14}">{y_name}</text>'
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="100%" font-size="12" fill="#555">{"".join(grid)}{"".join(drawn)}{names}</svg><p>{legend}</p>'


def span(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


if __name__ == "__main__":
    print(write_report(Path(sys.argv[1])))
