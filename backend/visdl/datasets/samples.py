"""Generated tables for the starters, with the same bytes on every machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Table = dict[str, NDArray[np.generic]]
_LEVELS = 9  # pixels are whole numbers from 0 to 9: short in a file

_FONT = {  # 5 x 7 dots, one number of five bits per row
    "0": (14, 17, 19, 21, 25, 17, 14),
    "1": (4, 12, 4, 4, 4, 4, 14),
    "2": (14, 17, 1, 2, 4, 8, 31),
    "3": (31, 2, 4, 2, 1, 17, 14),
    "4": (2, 6, 10, 18, 31, 2, 2),
    "5": (31, 16, 30, 1, 1, 17, 14),
    "6": (6, 8, 16, 30, 17, 17, 14),
    "7": (31, 1, 2, 4, 8, 8, 8),
    "8": (14, 17, 17, 14, 17, 17, 14),
    "9": (14, 17, 17, 15, 1, 2, 12),
}


def _spirals(rng: np.random.Generator) -> Table:
    """Three arms of a spiral in the plane, which no line separates."""
    rows, names = 600, np.array(["red", "green", "blue"])
    arm = np.arange(rows) % 3
    radius = rng.uniform(0.1, 1.0, rows)
    angle = radius * 4.5 + arm * 2 * np.pi / 3 + rng.normal(0, 0.12, rows)
    return {
        "x": (radius * np.cos(angle)).round(4),
        "y": (radius * np.sin(angle)).round(4),
        "arm": names[arm],
    }


def _digits(rng: np.random.Generator) -> Table:
    """Digits of a dot-matrix font, 32 x 32 grey pixels: shifted, stretched, and noisy."""
    rows, size = 1000, 32
    images = np.zeros((rows, size, size))
    labels = np.arange(rows) % 10
    for image, label in zip(images, labels, strict=True):
        dots = np.array(
            [[row >> bit & 1 for bit in range(4, -1, -1)] for row in _FONT[str(label)]], dtype=float
        )
        glyph = np.kron(dots, np.ones((int(rng.integers(2, 4)), int(rng.integers(2, 5)))))
        top, left = (int(rng.integers(2, size - side - 1)) for side in glyph.shape)
        image[top : top + glyph.shape[0], left : left + glyph.shape[1]] = glyph * rng.uniform(
            0.6, 1.0
        )
    return {**_pixels(images + rng.normal(0, 0.1, images.shape), "p"), "digit": labels}


def _figures(
    rng: np.random.Generator, rows: int, size: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return masks `(rows, size, size)` of one filled figure each, and the figures' names."""
    y, x = np.mgrid[:size, :size].astype(float)
    kinds = np.arange(rows) % 4
    masks = np.zeros((rows, size, size))
    for mask, kind in zip(masks, kinds, strict=True):
        r = rng.uniform(size / 6, size / 3.5)
        across, down = x - rng.uniform(r, size - r), y - rng.uniform(r, size - r)
        inside = (
            across**2 + down**2 < r**2,
            np.maximum(abs(across), abs(down)) < r * 0.85,
            (down < r * 0.8) & (down > 2 * abs(across) - r),
            (np.minimum(abs(across), abs(down)) < r * 0.3)
            & (np.maximum(abs(across), abs(down)) < r),
        )
        mask[inside[kind]] = 1.0
    return masks, kinds


def _shapes(rng: np.random.Generator) -> Table:
    """Coloured figures on a coloured ground, 3 x 32 x 32 pixels (red, then green, then blue)."""
    rows, size = 1000, 32
    masks, kinds = _figures(rng, rows, size)
    ground, figure = rng.uniform(0, 0.4, (rows, 3, 1, 1)), rng.uniform(0.5, 1, (rows, 3, 1, 1))
    images = np.where(masks[:, None] > 0, figure, ground) + rng.normal(
        0, 0.05, (rows, 3, size, size)
    )
    return {
        **_pixels(images, "p"),
        "figure": np.array(["disc", "square", "triangle", "cross"])[kinds],
    }


def _masks(rng: np.random.Generator) -> Table:
    """Noisy grey pictures of a figure (x), 32 x 32, and which pixels belong to it (m)."""
    masks, _ = _figures(rng, 300, 32)
    shade = rng.uniform(0.35, 0.9, (len(masks), 1, 1))
    images = masks * shade + rng.normal(0, 0.15, masks.shape)
    return {**_pixels(images, "x"), **_columns(masks.astype(np.int64), "m")}


def _waves(rng: np.random.Generator) -> Table:
    """Fifty steps of a noisy wave, and its form."""
    rows, steps = 600, 50
    kind = np.arange(rows) % 3
    turns = rng.uniform(1.5, 4, (rows, 1)) * np.linspace(0, 1, steps) + rng.uniform(0, 1, (rows, 1))
    forms = np.stack(
        [np.sin(2 * np.pi * turns), np.sign(np.sin(2 * np.pi * turns)), 2 * (turns % 1) - 1]
    )
    values = forms[kind, np.arange(rows)] * rng.uniform(0.5, 1.5, (rows, 1)) + rng.normal(
        0, 0.2, (rows, steps)
    )
    return {**_columns(values.round(3), "t"), "form": np.array(["sine", "square", "saw"])[kind]}


def _sums(rng: np.random.Generator) -> Table:
    """Additions such as `27+08=035` as ids of their signs, and the next sign at each position.

    The ids 0 to 9 are digits, 10 is + and 11 is =.

    The sum stands with its last digit first, as one adds on paper. No addition is there twice, so
    that none that is trained on is tested too.
    """
    a, b = np.divmod(rng.permutation(100 * 100)[:1500], 100)
    signs = [
        f"{x:02d}+{y:02d}={x + y:03d}"[:6] + f"{x + y:03d}"[::-1] for x, y in zip(a, b, strict=True)
    ]
    ids = np.array([["0123456789+=".index(sign) for sign in text] for text in signs])
    return {**_columns(ids[:, :-1], "t"), **_columns(ids[:, 1:], "n")}


def _pairs(rng: np.random.Generator) -> Table:
    """What a user likes (u), what an item is (i), and whether they met with a click."""
    rows, width = 1500, 8
    user, item = rng.normal(size=(2, rows, width)).round(3)
    taste = rng.normal(size=(width, width)) / np.sqrt(width)
    click = (np.einsum("ri,ij,rj->r", user, taste, item) + rng.normal(0, 0.5, rows)) > 0
    return {**_columns(user, "u"), **_columns(item, "i"), "click": click.astype(np.int64)}


def _pixels(images: NDArray[np.float64], prefix: str) -> Table:
    return _columns((images.clip(0, 1) * _LEVELS).round().astype(np.int64), prefix)


def _columns(values: NDArray[np.generic], prefix: str) -> Table:
    """Each value of a row as a column of its own: p0, p1, …"""
    flat = values.reshape(len(values), -1)
    return {f"{prefix}{place}": flat[:, place] for place in range(flat.shape[1])}


_MAKERS: dict[str, Callable[[np.random.Generator], Table]] = {
    "spirals.csv": _spirals,
    "digits_32.csv": _digits,
    "shapes_32.csv": _shapes,
    "masks_32.csv": _masks,
    "waves.csv": _waves,
    "sums.csv": _sums,
    "pairs.csv": _pairs,
}


def _write(name: str, path: Path) -> None:
    table = _MAKERS[name](np.random.default_rng(2024))
    rows = np.random.default_rng(7).permutation(len(next(iter(table.values()))))
    lines = zip(*(column[rows].astype(str).tolist() for column in table.values()), strict=True)
    path.write_text("\n".join([",".join(table), *map(",".join, lines), ""]), encoding="utf-8")


#: Writes each table to a path, as CSV.
SAMPLES: Mapping[str, Callable[[Path], None]] = {name: partial(_write, name) for name in _MAKERS}
