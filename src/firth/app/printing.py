"""What commands print on standard output: one JSON document, or rows. Both return 0, the exit status."""

import codecs
import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any


def print_json(document: Any) -> int:
    """Print one JSON document."""
    print(_json(document, indent=2))
    return 0


def print_json_items(items: Iterable[Any]) -> int:
    """Print one JSON document, a list, item by item as they come."""
    begun = False
    for item in items:  # nothing is printed where the first cannot be answered
        print(("," if begun else "[") + "\n  " + _json(item), end="")
        begun = True
    print("\n]" if begun else "[]")
    return 0


def _json(document: Any, indent: int | None = None) -> str:
    """A document in JSON, with escapes for all beyond ASCII where standard output is not UTF-8, as JSON has to be."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return json.dumps(document, ensure_ascii=codecs.lookup(encoding).name != "utf-8", indent=indent)


def print_rows(rows: Sequence[Sequence[str]], indent: str = "") -> int:
    """Print rows with their columns aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        print((indent + "  ".join(cells)).rstrip())
    return 0
