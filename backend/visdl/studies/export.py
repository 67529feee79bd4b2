"""Exports of a study: a table for a paper, data for a spreadsheet, a figure, or its recipe."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from visdl.models.graph import Graph
from visdl.models.studies import Arm, NewStudy, Study, StudyResults, VariantResult
from visdl.store.studies import StudyRun
from visdl.studies.captions import format_metric
from visdl.studies.escaping import markdown_text, one_line, safe_cell, tex
from visdl.studies.results import run_seconds, value_of

Format = Literal["latex", "markdown", "csv", "parquet", "json", "svg", "pdf"]
_ENDINGS: dict[Format, tuple[str, str]] = {
    "latex": ("tex", "application/x-tex"),
    "markdown": ("md", "text/markdown"),
    "csv": ("csv", "text/csv"),
    "parquet": ("parquet", "application/vnd.apache.parquet"),
    "json": ("json", "application/json"),
    "svg": ("svg", "image/svg+xml"),
    "pdf": ("pdf", "application/pdf"),
}
_LONGEST = 300  # characters of a label in a table
#: Names that Windows keeps for devices, with any extension.
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
_HEAD = ["Variant", "", "Δ [95 % CI]", "p", "Worse", "Params", "FLOPs", "Time", "Verdict"]


@dataclass(frozen=True)
class File:
    name: str
    media_type: str
    body: bytes


def export_study(
    study: Study, graph: Graph, cells: Sequence[StudyRun], results: StudyResults, format: Format
) -> File:
    """Return a study as a file; `json` is the request that creates the same study again.

    Raises ConflictError for a figure without any differences.
    """
    ending, media_type = _ENDINGS[format]
    match format:
        case "latex":
            body = latex(study, results).encode()
        case "markdown":
            body = markdown(results).encode()
        case "csv":
            body = as_csv(long_rows(study, cells)).encode()
        case "parquet":
            body = as_parquet(long_rows(study, cells))
        case "json":
            body = recipe(study, graph).model_dump_json(indent=1, exclude_none=True).encode()
        case "svg" | "pdf":
            # matplotlib takes a second to import, so only a figure waits for it
            from visdl.studies.figure import forest_plot  # noqa: PLC0415

            body = forest_plot(study, results, format)
    return File(f"{_file_stem(study.name)}.{ending}", media_type, body)


def _file_stem(name: str) -> str:
    stem = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._-")[:80] or "study"
    return f"_{stem}" if _DEVICES.match(stem) else stem


def recipe(study: Study, graph: Graph) -> NewStudy:
    """Return the request that creates this study again."""
    return NewStudy.model_validate(
        {**study.plan.model_dump(), "name": study.name, "graph": graph.model_dump()}
    )


def long_rows(study: Study, cells: Sequence[StudyRun]) -> list[dict[str, Any]]:
    """Return one row for each run and metric, with the value that counts in the table."""
    rows = []
    for variant in study.variants:
        for cell in (cell for cell in cells if cell.variant == (variant.same_as or variant.key)):
            known = {
                "study": study.name,
                "variant": variant.key,
                "label": variant.label,
                "reference": variant.reference or "",
                "seed": cell.seed,
                "run": cell.run.id,
                "state": str(cell.run.state),
                "reused": cell.reused,
                "parameters": variant.parameters,
                "seconds": run_seconds(cell.run),
            }
            keys = [key for key in cell.run.metrics if "_" in key] or [study.plan.metric]
            for key in keys:
                primary = key == study.plan.metric
                rows.append(
                    {
                        **known,
                        "metric": key,
                        "primary": primary,
                        "value": value_of(study.plan, cell.run, key),
                    }
                )
    return rows


def as_csv(rows: Sequence[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(
        out, fieldnames=list(rows[0]) if rows else ["study"], lineterminator="\r\n"
    )
    writer.writeheader()
    writer.writerows({key: safe_cell(value) for key, value in row.items()} for row in rows)
    return out.getvalue()


def as_parquet(rows: Sequence[dict[str, Any]]) -> bytes:
    text, number, whole, flag = pa.string(), pa.float64(), pa.int64(), pa.bool_()
    schema = pa.schema(
        {
            **dict.fromkeys(["study", "variant", "label", "reference"], text),
            "seed": whole,
            **dict.fromkeys(["run", "state"], text),
            "reused": flag,
            "parameters": whole,
            "seconds": number,
            "metric": text,
            "primary": flag,
            "value": number,
        }
    )
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), out)
    return out.getvalue()


def number(value: float | None, decimals: int) -> str:
    """Return a number with a real minus sign, or an en dash for None."""
    return "–" if value is None else f"{value:.{decimals}f}".replace("-", "−")


def mean_sd(row: Arm) -> str:
    if row.mean is None:
        return "–"
    if row.sd is None:
        return number(row.mean, row.decimals)
    return f"{number(row.mean, row.decimals)} ± {number(row.sd, row.decimals)}"


def p_value(p: float | None) -> str:
    if p is None:
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _cells(row: Arm, decimals: int) -> list[str]:
    cost = [
        _count(row.parameters),
        _count(row.flops),
        "–" if row.seconds is None else f"{row.seconds:.3g} s",
    ]
    label = one_line(row.label, _LONGEST)
    value = mean_sd(row) + (f" ({row.n} of {row.n + row.failed})" if row.failed else "")
    if not isinstance(row, VariantResult):
        return [label, value, "", "", "", *cost, ""]
    delta = number(row.delta, decimals)
    if row.ci is not None:
        delta += f" [{number(row.ci[0], decimals)}, {number(row.ci[1], decimals)}]"
    worse = (
        "–" if row.p_worse is None or not row.pairs else f"{row.p_worse * row.pairs:g}/{row.pairs}"
    )
    verdict = (row.verdict or "").replace("_", " ") or "–"
    return [label, value, delta, p_value(row.p_t_holm), worse, *cost, verdict]


def _count(value: int | None) -> str:
    """Return three digits and a unit; the long form has the exact count."""
    if value is None:
        return "–"
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return str(value)


def table(results: StudyResults) -> Iterator[list[str]]:
    """Yield head and rows of the table as text."""
    head = list(_HEAD)
    head[1] = format_metric(results.metric)
    yield head
    decimals = max(
        [row.decimals for row in results.variants if row.sd is not None]
        or [results.baseline.decimals]
    )
    for row in (results.baseline, *results.variants):
        yield _cells(row, decimals)


def markdown(results: StudyResults) -> str:
    head, *rows = [[*map(markdown_text, row[:2]), *row[2:]] for row in table(results)]
    rules = ["---", *["---:"] * (len(head) - 2), "---"]
    lines = [f"| {' | '.join(row)} |" for row in (head, rules, *rows)]
    notes = "".join(f"\n- {markdown_text(note)}" for note in results.notes)
    caption, methods = markdown_text(results.caption), markdown_text(results.methods)
    return f"{chr(10).join(lines)}\n\n{caption}\n{notes}\n\n{methods}\n"


def latex(study: Study, results: StudyResults) -> str:
    """Return a LaTeX table for the booktabs package, with the caption and notes as comments."""
    head, *rows = [[tex(cell) for cell in row] for row in table(results)]
    body = [f"    {_opened(' & '.join(row))} \\\\" for row in rows]
    slug = re.sub(r"[^a-z0-9]+", "-", study.name.lower()).strip("-")
    return "\n".join(
        [
            "% Needs \\usepackage{booktabs}; other scripts than Latin need LuaLaTeX or XeLaTeX.",
            "\\begin{table}",
            "  \\centering\\footnotesize\\setlength{\\tabcolsep}{3pt}",
            f"  \\caption{{{tex(results.caption)}}}",
            f"  \\label{{tab:{slug or 'study'}}}",
            "  \\begin{tabular}{lrrrrrrrl}",
            "    \\toprule",
            f"    {' & '.join(head)} \\\\",
            "    \\midrule",
            body[0],
            "    \\midrule",
            *body[1:],
            "    \\bottomrule",
            "  \\end{tabular}",
            "\\end{table}",
            "",
            *(f"% {tex(note)}" for note in results.notes),
            "",
        ]
    )


def _opened(row: str) -> str:
    """Return a row that the line break or rule before it does not take as an argument."""
    return row if row[:1].isalnum() else f"{{}}{row}"
