"""The settings as the command line, the environment and the file give them."""

import os
from argparse import Namespace

from openscrip.runtime.settings import Settings, load_settings


def settings_of(asked: Namespace) -> Settings:
    """The settings in force. Raises `Malformed("settings.…")`."""
    return load_settings(os.environ, asked.data, asked.config)
