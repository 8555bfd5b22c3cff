"""How the watch says no, and how it says that a source did not answer."""


class Refusal(Exception):
    """A rule said no and nothing was signed. `code` is stable and public; `text` reads `where: what was wrong`."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class BadInput(Refusal):
    """A request could not be read."""


class Silent(Refusal):
    """There is no answer yet: a source did not answer. Ask again later."""


def refuse_unless(allowed: bool, code: str, text: str) -> None:
    """Raise `Refusal(code, text)` unless `allowed`."""
    if not allowed:
        raise Refusal(code, text)
