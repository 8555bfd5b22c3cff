"""Passwords in a database's URL: put in from a file, and left out of what is shown."""

from pathlib import Path
from urllib.parse import quote

from openscrip.kernel.errors import Malformed


def with_password(url: str, file: str) -> str:
    """The URL with the password of a file. Raises `Malformed("settings.value")`."""
    try:
        password = Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise Malformed("settings.value", f"settings: database.password_file could not be read: {error.strerror}") from error
    scheme, _, rest = url.partition("://")
    user, at, place = rest.rpartition("@")
    if not at or ":" in user:
        raise Malformed("settings.value", "settings: database.password_file needs a URL with a user and without a password")
    return f"{scheme}://{user}:{quote(password, safe='')}@{place}"


def without_password(url: str) -> str:
    """The URL as it may be shown."""
    scheme, _, rest = url.partition("://")
    user, at, place = rest.rpartition("@")
    return f"{scheme}://{user.partition(':')[0]}:***@{place}" if at and ":" in user else url
