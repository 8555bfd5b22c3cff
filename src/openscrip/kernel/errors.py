"""Two families of failure: `Refused` is the business saying no; `Unavailable` is the outside not answering.

Everything else that is raised is a bug: it stops the work at hand, rolls its transaction back and pages someone.
"""


class Refused(Exception):
    """A rule said no. Nothing else happened, and nobody retries it.

    `code` is stable, dotted and public (`voucher.expired`); `text` may improve and reads `where: what was wrong`.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class Malformed(Refused):
    """An outside input could not be read: wrong shape, wrong type, out of range."""


class Conflict(Refused):
    """The same id came again with other content."""


class Unavailable(Exception):
    """A broker, custodian, chain or attestor did not answer. The worker tries again, with a limit."""


class NotYet(Unavailable):
    """The outside answered that it is not done yet. Asked again after `after_s` machine seconds, for as long as it takes."""

    def __init__(self, text: str, after_s: float) -> None:
        super().__init__(text)
        self.after_s = after_s


def refuse_unless(allowed: bool, code: str, text: str) -> None:
    """Raise `Refused(code, text)` unless `allowed`."""
    if not allowed:
        raise Refused(code, text)
