"""Make the three sample tables in the project's root: target = x1^2 + 2*x2 + noise.

Run it with `python scripts/make_samples.py`. The files are the same every time. With this noise,
the best possible model has an R² of about 0.99.
"""

from __future__ import annotations

import random
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIZES = {"sample_data.csv": 1000, "sample_validation.csv": 200, "sample_test.csv": 200}
SEED = 7
RANGE = 2.0
NOISE = 0.25


def samples() -> dict[str, str]:
    """The text of each file by its name."""
    rng = random.Random(SEED)
    return {
        name: "\n".join(["x1,x2,target", *(_row(rng) for _ in range(rows))]) + "\n"
        for name, rows in SIZES.items()
    }


def _row(rng: random.Random) -> str:
    x1, x2 = (round(rng.uniform(-RANGE, RANGE), 4) for _ in range(2))
    return f"{x1:.4f},{x2:.4f},{x1**2 + 2 * x2 + rng.gauss(0, NOISE):.4f}"


def main() -> None:
    for name, text in samples().items():
        (ROOT / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
