"""Labels of users in tables, figures and file names are text, and nothing else."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from visdl.models.graph import Graph
from visdl.models.studies import Study, StudyResults
from visdl.studies import export
from visdl.studies.captions import write_caption, write_methods
from visdl.studies.escaping import markdown_text, one_line, safe_cell, tex
from visdl.studies.figure import forest_plot

from ..support import hostile_texts

COLUMNS = 9


def study(name: str = "s") -> Study:
    plan = {"strategy": {"kind": "leave_one_out", "nodes": ["a"]}, "seeds": [0, 1]}
    variants = [{"key": "baseline", "label": "Baseline", "role": "baseline"}]
    return Study.model_validate(
        {
            "id": "s",
            "name": name,
            "plan": plan,
            "direction": "minimize",
            "graph_name": name,
            "variants": variants,
            "created": 0.0,
        }
    )


def results(labels: list[str], metric: str = "val_loss", name: str = "s") -> StudyResults:
    """Return results with a variant of each label, whose caption and notes name it too."""
    arm = {"key": "a", "n": 1, "planned": 2, "failed": 1, "mean": -0.5, "sd": 0.1}
    found = StudyResults.model_validate(
        {
            "state": "completed",
            "metric": metric,
            "direction": "minimize",
            "baseline": {**arm, "label": "Baseline", "role": "baseline"},
            "variants": [
                {**arm, "label": label, "role": "variant", "delta": -0.25, "ci": (-0.5, 0.1)}
                for label in labels
            ],
            "notes": [f"{label}: 1 of 2 runs ended with a value." for label in labels],
        }
    )
    found.caption = write_caption(study(name), found.variants, concluded=True)
    found.methods = write_methods(study(name), found.variants)
    return found


# LaTeX

#: The only commands of a table; none takes what follows it as an argument, besides those in braces.
_COMMANDS = re.findall(
    r"\w+",
    "textbackslash textasciicircum textasciitilde textbar textasciigrave pm times rightarrow "
    "leftarrow leq geq neq approx infty surd ldots ifdefined Umathcode else fi begin end centering "
    "footnotesize setlength tabcolsep caption label toprule midrule bottomrule alpha beta "
    "gamma Delta",
)


def check_tex(text: str) -> None:
    """Read LaTeX as TeX does, with its categories of characters, and reject what is not a table."""
    depth, maths, conditions = 0, False, 0
    tokens = re.finditer(r"(?<!\\)%[^\n]*\n|\\([A-Za-z]+|.|\n)|[{}$&#^_~%\[*]|[^\\]", text)
    row: list[str] | None = None  # what a row has so far, from the line break or rule before it
    for token in tokens:
        piece, command = token[0], token[1]
        assert unicodedata.category(piece[0]) not in {"Cc", "Cs"} or piece == "\n"
        if piece.startswith("%"):
            continue
        if command and command.isalpha():
            assert command in _COMMANDS, command
            conditions += {"ifdefined": 1, "fi": -1}.get(command, 0)
        elif command:
            assert command in "\\{}%&$#_", piece
        depth += {"{": 1, "}": -1}.get(piece, 0)
        assert depth >= 0
        maths ^= piece == "$"
        assert piece not in "#^_~" or (maths and piece == "^"), text
        if row is not None and piece.strip():
            row.append(piece)
            assert row[0] not in "[*", "an argument of the line break before it"
        if command == "\\" or command in ("toprule", "midrule", "bottomrule"):
            assert row is None or command != "\\" or row.count("&") == COLUMNS - 1, row
            row = []
    assert (depth, maths, conditions) == (0, False, 0)


def test_a_latex_table_has_no_command_of_a_label():
    found = results(hostile_texts.ALL, metric="$x\\input{a}", name="}{ $\\write18{id} %\n\\end{a}")
    text = export.latex(study("}{ $\\write18"), found)
    check_tex(text)
    assert text.count(r"\midrule") == 2
    assert len([line for line in text.splitlines() if line.endswith(r" \\")]) == (
        2 + len(hostile_texts.ALL)
    )


@pytest.mark.parametrize("faulty", ["\\\\\n[a] & b", r"\input{a}", "{", "$", "a % b}\n{", "#"])
def test_the_check_of_latex_finds_faults(faulty):
    with pytest.raises(AssertionError):
        check_tex(faulty)


def test_characters_of_latex_are_shown():
    assert tex("50 % of $x_1$ & {a}#~^") == (
        r"50 \% of \$x\_1\$ \& \{a\}\#\textasciitilde{}\textasciicircum{}"
    )
    assert tex("a--b") == "a-{}-b"
    assert tex("e\u0301 β ≤") == r"é $\beta$ $\leq$"
    assert tex("漢字") == r"\ifdefined\Umathcode 漢字\else [U+6F22 U+5B57]\fi{}"


# Markdown


def cells_of(text: str) -> tuple[list[list[str]], set[str]]:
    """Return the rows of the tables that a renderer finds, and all tags and tokens of the text."""
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    rows: list[list[str]] = []
    kinds = set()
    for token in tokens:
        kinds |= {token.type, *(child.type for child in token.children or ())}
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and token.level >= 4 and rows:
            texts = [child.content for child in token.children or ()]
            rows[-1].append("".join(texts))
    return rows, kinds


def test_a_markdown_table_shows_labels_as_they_are():
    labels = [text for text in hostile_texts.ALL if one_line(text)]
    text = export.markdown(results(labels, metric="a|b<i>", name="[a](javascript:b)"))
    rows, kinds = cells_of(text)
    assert [row[0] for row in rows[2 : 2 + len(labels)]] == [one_line(label) for label in labels]
    assert {len(row) for row in rows} <= {COLUMNS}
    assert not [kind for kind in kinds if re.match("html|link|image|em_|strong|code|heading", kind)]


def test_numbers_in_a_markdown_table_stay_readable():
    assert "| w/o fc | −0.5000 ± 0.1000 (1 of 2) | −0.2500 [−0.5000, 0.1000] |" in export.markdown(
        results(["w/o fc"])
    )


# CSV


def test_no_text_in_a_csv_file_is_a_formula_and_numbers_stay_numbers():
    table = [{"label": text, "value": -0.5, "seed": -1, "b": True} for text in hostile_texts.ALL]
    read = list(csv.DictReader(io.StringIO(export.as_csv(table), newline="")))
    assert len(read) == len(table)
    for row, label in zip(read, hostile_texts.ALL, strict=True):
        assert not re.match(r"\s*[=+\-@＝＋－＠]|[\t\r]", row["label"]), label
        assert not re.search("[\x00-\x1f\x7f-\x9f\ud800-\udfff]", row["label"])
        assert (row["value"], row["seed"], row["b"]) == ("-0.5", "-1", "true")


@pytest.mark.parametrize("text", ["w/o fc", "lr = -0.1", "a-b", "x=1", "", "漢字"])
def test_other_text_in_a_csv_file_is_as_it_was(text):
    assert safe_cell(text) == text


# Figures


@pytest.mark.filterwarnings("ignore:Glyph|Matplotlib currently does not support:UserWarning")
def test_a_figure_of_any_labels_can_be_drawn():
    found = results([*hostile_texts.TEX, *hostile_texts.UNICODE, "--> a", "<b>"], metric="$x_")
    svg = forest_plot(study(), found, "svg")
    kinds = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(svg).iter()}
    assert kinds <= {"svg", "g", "path", "defs", "use", "clipPath", "rect", "style"} | {
        "metadata",
        *("RDF", "Work", "type", "date", "format", "creator", "Agent", "title"),
    }
    assert forest_plot(study(), found, "pdf").startswith(b"%PDF")


# Names of files


@pytest.mark.parametrize("name", [*hostile_texts.ALL, "../../a", "CON", "nul.txt", '"; a="', "."])
def test_the_name_of_an_exported_file_is_plain(name):
    file = export.export_study(study(name), Graph(), [], results([]), "csv")
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,90}\.csv", file.name)
    assert not re.match(r"(con|nul)\.", file.name, re.IGNORECASE)


def test_text_on_one_line_keeps_what_can_be_read():
    assert one_line(" a\n\tb\x00 \u202ec ") == "a b c"
    assert one_line("a" * 80, 60) == "a" * 59 + "…"
    assert markdown_text("-5") == r"\-5"
