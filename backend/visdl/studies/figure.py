"""The forest plot of a study, for a paper."""

from __future__ import annotations

import io
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from visdl.models.errors import ConflictError
from visdl.models.studies import Study, StudyResults, VariantResult
from visdl.studies.captions import format_metric
from visdl.studies.escaping import one_line

_WORSE, _BETTER, _NEITHER = "#b91c1c", "#15803d", "#475569"
_ROW, _HEAD = 0.32, 1.1  # inches
_PLOT, _NAMES = 4.5, 2.0  # inches, of the plot and of the labels beside it
_LONGEST = 60  # letters of a label


def forest_plot(study: Study, results: StudyResults, format: Literal["svg", "pdf"]) -> bytes:
    """Draw Δ of each variant with its 95 % CI, and the margin as a band.

    Raises ConflictError if no variant has a Δ yet.
    """
    rows = [row for row in results.variants if row.delta is not None]
    if not rows:
        hint = "Wait until every planned run has ended, or stop the study."
        raise ConflictError("The study has no differences to draw yet.", hint=hint)
    figure = Figure(figsize=(_NAMES + _PLOT, _HEAD + _ROW * len(rows)), layout="constrained")
    axes = figure.subplots()
    margin = study.plan.margin
    if margin is not None:
        axes.axvspan(-margin, margin, color="#e2e8f0", label=f"margin ±{margin:g}")
    axes.axvline(0, color="#94a3b8", linewidth=0.8)
    for height, row in enumerate(rows):
        _draw(axes, height, row)
    # a dollar sign in a name does not begin a formula
    labels = [one_line(row.label, _LONGEST) for row in rows]
    axes.set_yticks(range(len(rows)), labels, parse_math=False)
    axes.invert_yaxis()
    better = "left" if results.direction == "minimize" else "right"
    metric = one_line(format_metric(results.metric), _LONGEST)
    axes.set_xlabel(f"Δ {metric}, 95 % CI ({better} of 0 is better)", parse_math=False)
    _make_room(figure, axes)
    axes.spines[["top", "right"]].set_visible(False)
    out = io.BytesIO()
    # text stays text, and the same study gives the same bytes
    metadata = {"Date": None} if format == "svg" else {"CreationDate": None}
    figure.savefig(out, format=format, metadata=metadata)
    return out.getvalue()


def _make_room(figure: Figure, axes: Axes) -> None:
    """Widen the figure for long labels, so that the plot keeps its size."""
    labels = max(_inches(figure, label) for label in axes.get_yticklabels())
    figure.set_figwidth(max(_NAMES, labels) + max(_PLOT, _inches(figure, axes.xaxis.label)))


def _inches(figure: Figure, text: Text) -> float:
    return float(text.get_window_extent().width / figure.dpi) + 0.3


def _draw(axes: Axes, height: int, row: VariantResult) -> None:
    color = _color_of(row)
    points = list(row.differences.values())
    axes.plot(points, [height + 0.22] * len(points), "|", color=color, alpha=0.5, markersize=5)
    if row.ci is not None:
        axes.plot(row.ci, [height, height], color=color, linewidth=1.6)
    axes.plot([row.delta or 0.0], [height], "o", color=color, markersize=5)


def _color_of(row: VariantResult) -> str:
    verdict = row.verdict or ""
    return (
        _WORSE
        if verdict.startswith("worse")
        else _BETTER
        if verdict.startswith("better")
        else _NEITHER
    )
