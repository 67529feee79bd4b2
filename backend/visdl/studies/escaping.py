"""Text of users in other languages: LaTeX, Markdown, CSV and figures show it as it is."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

#: Control characters, line separators, half surrogate pairs and what XML does not allow.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+")
#: They reorder the text around them.
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
#: A spreadsheet runs a cell that starts with one of these as a formula; some accept wide forms.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~$&#])")
_LIST = re.compile(r"^(\d*)([-+.)])")
_TEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "%": r"\%",
    "&": r"\&",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "|": r"\textbar{}",
    "`": r"\textasciigrave{}",
    "±": r"$\pm$",
    "−": "$-$",
    "²": "$^2$",
    "³": "$^3$",
    "×": r"$\times$",
    "→": r"$\rightarrow$",
    "←": r"$\leftarrow$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "≠": r"$\neq$",
    "≈": r"$\approx$",
    "∞": r"$\infty$",
    "√": r"$\surd$",
    "–": "--",
    "—": "---",
    "…": r"\ldots{}",
    "<": "$<$",
    ">": "$>$",
    "“": "``",
    "”": "''",
}
_GREEK = """
α alpha β beta γ gamma δ delta ε epsilon ζ zeta η eta θ theta ι iota κ kappa λ lambda μ mu ν nu ξ xi
π pi ρ rho σ sigma τ tau υ upsilon φ phi χ chi ψ psi ω omega
Γ Gamma Δ Delta Θ Theta Λ Lambda Ξ Xi Π Pi Σ Sigma Φ Phi Ψ Psi Ω Omega
"""
_TEX |= {letter: rf"$\{name}$" for letter, name in re.findall(r"(\S) (\w+)", _GREEK)}
_PIECES = re.compile(
    r"(?P<unjoined>-(?=-)|'(?=')|,(?=,))"  # no ligatures
    # what pdfLaTeX does not know without further packages: all beyond these letters of Latin
    rf"|(?P<beyond>[^\x20-\x7e\xa0-\xaa\xac-\xba\xbc-\xcf\xd1-\xdd\xdf-\xef\xf1-\xfd\xff"
    rf"{re.escape(''.join(_TEX))}]+)"
    r"|."
)


def one_line(text: str, most: int | None = None) -> str:
    """Return text on one line without control and reordering characters.

    A text of more than `most` characters ends in an ellipsis.
    """
    line = " ".join(_CONTROL.sub(" ", _BIDI.sub("", text)).split())
    return line if most is None or len(line) <= most else f"{line[: most - 1].rstrip()}…"


def safe_cell(value: Any) -> Any:
    """Return text that no spreadsheet runs as a formula, and numbers with all digits."""
    if isinstance(value, str):
        text = _CONTROL.sub(" ", value)
        return f"'{text}" if _FORMULA.match(value) else text
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, float) else value


def markdown_text(text: str) -> str:
    """Return text on one line, escaped for Markdown: no markup, link, image or cell of a table."""
    return _LIST.sub(r"\1\\\2", _MARKDOWN.sub(r"\\\1", one_line(text)))


def tex(text: str) -> str:
    """Return text on one line, escaped for LaTeX.

    Characters that pdfLaTeX does not know are left to LuaLaTeX and XeLaTeX; pdfLaTeX prints their
    code points.
    """
    return _PIECES.sub(_tex_of, unicodedata.normalize("NFC", one_line(text)))


def _tex_of(piece: re.Match[str]) -> str:
    text = piece[0]
    match piece.lastgroup:
        case "unjoined":
            return f"{text}{{}}"
        case "beyond":
            codes = " ".join(f"U+{ord(char):04X}" for char in text)
            return rf"\ifdefined\Umathcode {text}\else [{codes}]\fi{{}}"
    return _TEX.get(text, text)
