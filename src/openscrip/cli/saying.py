"""How the command line speaks: words for people, one JSON value for programs, failures in one line."""

import json
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any


class Voice:
    """With `as_json`, standard output carries JSON alone, and progress goes to standard error."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def say(self, text: str) -> None:
        """Progress, for people."""
        print(text, file=sys.stderr if self.as_json else sys.stdout, flush=True)

    def result(self, document: Any, text: str = "") -> None:
        """What came of it: `document` for programs, `text` for people."""
        if self.as_json:
            print(json.dumps(document, ensure_ascii=False), flush=True)
        elif text:
            print(text, flush=True)

    def failed(self, code: str, text: str) -> None:
        """The failure, in one line."""
        line = " ".join(text.split())
        if self.as_json:
            print(json.dumps({"ok": False, "code": code, "text": line}, ensure_ascii=False), flush=True)
        print(f"{code}: {line}", file=sys.stderr, flush=True)

    @staticmethod
    def traced(error: Exception) -> None:
        """The whole trace, for whoever looks for the bug."""
        if os.environ.get("OPENSCRIP_LOGS_LEVEL") == "debug":
            traceback.print_exception(error)


def table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Columns side by side; figures to the right."""
    cells = [columns, *rows]
    widths = [max(len(row[place]) for row in cells) for place in range(len(columns))]
    figures = [
        bool(rows) and all(row[place].replace(".", "").isdigit() or not row[place] for row in rows)
        for place in range(len(columns))
    ]
    lines = [
        "  ".join(
            cell.rjust(width) if figure else cell.ljust(width) for cell, width, figure in zip(row, widths, figures, strict=True)
        ).rstrip()
        for row in cells
    ]
    return "\n".join([lines[0], "  ".join("─" * width for width in widths), *lines[1:]])
