"""Keep phrases of a private dialect out of code, screens and documents.

`check_words.py [--count] [PATH...]` prints `file:line: phrase -> use instead` for each phrase of
`banned_words.txt` in the tracked files below the paths (by default the whole repository), and exits
with 1 if there are any. `--count` prints a total per folder. A line that needs a phrase for a good
reason, such as the name of a stored field, ends in a comment with `words: ok`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

SUFFIXES = {".py", ".ts", ".tsx", ".css", ".md", ".sh", ".html"}
GENERATED = ("schema.d.ts",)
#: What a space of a phrase may be in a file: also a line break inside a comment or a string.
GAP = r"""(?:[ _]|["'`]?\s*\n\s*(?:[#*/]+\s+)?[fb]?["'`]?)"""
WORD_START, WORD_END = r"(?:(?<![A-Za-z])|(?<=[a-z])(?=[A-Z]))", r"(?![a-z]|(?<=[A-Z])[A-Z])"


class WordList:
    """The banned phrases of a file, each with what to use instead."""

    def __init__(self, path: Path) -> None:
        lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
        pairs = [line.split(" -> ") for line in lines if line]
        self.uses = {f"p{number}": use for number, (_, use) in enumerate(pairs)}
        either = "|".join(
            f"(?P<p{number}>{phrase.replace(' ', GAP)})" for number, (phrase, _) in enumerate(pairs)
        )
        self.pattern = re.compile(f"{WORD_START}(?i:{either}){WORD_END}")

    def find_phrases(self, text: str) -> Iterator[tuple[int, str, str]]:
        """Yield the line, the phrase and its replacement for each banned phrase in a text."""
        lines = text.splitlines()
        for match in self.pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            if "words: ok" not in lines[line - 1]:
                yield line, " ".join(match.group().split()), self.uses[match.lastgroup or ""]


def checked_files(paths: list[str]) -> list[Path]:
    """Return the tracked files below the paths whose words are checked."""
    command = ["git", "ls-files", "-z", "--", *paths]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
    return [
        path
        for path in map(Path, filter(None, names))
        if (path.suffix in SUFFIXES or (path.suffix == ".json" and "starters" in path.parts))
        and path.name not in GENERATED
        and path.exists()
    ]


def main(arguments: list[str]) -> int:
    """Print the banned phrases in the files and return the exit code."""
    words = WordList(Path(__file__).with_name("banned_words.txt"))
    hits: Counter[str] = Counter()
    count = "--count" in arguments
    for path in checked_files([name for name in arguments if name != "--count"]):
        for line, phrase, use in words.find_phrases(path.read_text(encoding="utf-8")):
            hits[str(path.parent)] += 1
            if not count:
                print(f"{path}:{line}: '{phrase}' -> {use}")
    if count:
        for folder, number in sorted(hits.items()):
            print(f"{number:5} {folder}")
        print(f"{hits.total():5} in total")
    return 1 if hits else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
