"""The artifact `split.csv`: the part of every row."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from visdl.datasets.split import PARTS, Loader

_MOST_ROWS = 1_000_000  # some 14 MB


def write_split(loader: Loader, folder: Path, number: int, log: Callable[[str], None]) -> None:
    """Write `split.csv` with the part of every row of the loader's dataset.

    The columns are `row`, from 1 in the order of the file, and `part`: train, val or test. The
    second split of a graph is `split_2.csv`. Above a million rows nothing is written, and `log`
    states it: the table and the rule of the split still give the same rows.
    """
    rows = loader.dataset.rows
    if rows > _MOST_ROWS:
        log(f"split.csv is not written for {rows:,} rows; the limit is {_MOST_ROWS:,}.")
        return
    # pyarrow would import pandas: half a second in each worker
    lines = (f"{row},{PARTS[part]}\n" for row, part in enumerate(loader.parts.tolist(), 1))
    name = "split.csv" if number == 1 else f"split_{number}.csv"
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        file.write("row,part\n")
        file.writelines(lines)
