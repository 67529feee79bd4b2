"""Print the OpenAPI document, from which the types of the page's client are generated.

Usage: `python -m visdl.api.schema`.
"""

import json

from visdl.api.app import make_app


def document() -> str:
    return json.dumps(make_app().openapi(), indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    print(document(), end="")
