"""Where the npm parts are."""

from pathlib import Path

from openscrip.kernel.errors import Refused


def node_modules() -> Path:
    """Where the npm parts lie: beside the project, found from this file upwards, or from the working folder."""
    for start in (Path(__file__).resolve(), Path.cwd() / "here"):
        for folder in start.parents:
            if (folder / "node_modules" / "@openzeppelin").is_dir():
                return folder / "node_modules"
    raise Refused("npm.missing", "platform: the npm parts were not found; run `make setup` in the project's folder")
