"""Exit status 0 when a torch that VisDL can use is installed here already."""

import sys
from importlib.metadata import PackageNotFoundError, version


def main() -> int:
    try:
        major, minor = (int(part) for part in version("torch").split(".")[:2])
    except PackageNotFoundError:
        return 1
    return 0 if (2, 6) <= (major, minor) < (2, 14) else 1


if __name__ == "__main__":
    sys.exit(main())
