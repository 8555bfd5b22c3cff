"""Makes the typed client of the second API from the application's own document: `python tools/make_client.py [FOLDER]`.

The result is committed; a test makes it anew and compares. Failures are one shape, so the client is made from a document
in which they are answered as whatever is not 200: that keeps it a third of the size.
"""

import json
import subprocess
import sys
import tempfile
from copy import deepcopy
from pathlib import Path
from typing import Any

from openscrip.api.v2 import document

ROOT = Path(__file__).parents[1]
PLACE = ROOT / "src" / "openscrip" / "client" / "public" / "generated"
ABOUT = '"""Made from the document of the second API by tools/make_client.py; never edited by hand."""\n'
CONFIG = "project_name_override: openscrip\npackage_name_override: generated\npost_hooks: []\n"
UNSHOWN = ("/public/reports/{label}", "/public/token-list")
"""What answers a document of its own, not one of our shapes: read by hand."""


def reduced(whole: dict[str, Any]) -> dict[str, Any]:
    """The document with one failure for each operation instead of eight that look alike."""
    found = deepcopy(whole)
    for path in UNSHOWN:
        del found["paths"][path]
    for path in found["paths"].values():
        for operation in path.values():
            kept = {"200": operation["responses"]["200"]}
            operation["responses"] = kept | {"400": operation["responses"]["400"]}
    return found


def make(folder: Path) -> None:
    """Write the client into `folder`, replacing what is there."""
    scripts = Path(sys.executable).parent
    with tempfile.TemporaryDirectory() as place:
        told, config = Path(place) / "openapi.json", Path(place) / "config.yml"
        told.write_text(json.dumps(reduced(document())), encoding="utf-8")
        config.write_text(CONFIG, encoding="utf-8")
        command = [
            f"{scripts}/openapi-python-client",
            "generate",
            "--path",
            f"{told}",
            "--config",
            f"{config}",
            "--meta",
            "none",
        ]
        subprocess.run([*command, "--output-path", f"{folder}", "--overwrite"], check=True, capture_output=True, timeout=120)
    for file in folder.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        if not text.startswith('"""'):
            file.write_text(ABOUT + text, encoding="utf-8")
    # Isolated: the client's layout must not follow from where it is made.
    formatting = [f"{scripts}/ruff", "format", "--isolated", "--no-cache", "--line-length", "120", "--quiet", f"{folder}"]
    subprocess.run(formatting, check=True, timeout=60)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else PLACE)
