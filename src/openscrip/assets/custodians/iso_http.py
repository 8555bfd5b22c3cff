"""Custody messages over HTTP: posted in JSON envelopes, fetched by number, acknowledged, statements asked for."""

from collections import Counter
from collections.abc import Sequence

from openscrip.assets.custodians.iso_envelope import Envelope, envelope_from_json, envelope_json
from openscrip.assets.custody import Signatures
from openscrip.assets.paper_client import TIMEOUT_S, PaperConnection
from openscrip.kernel.errors import Malformed, Unavailable

READER = "issuer"


class HttpCarrier:
    """The `Carrier` to a custodian at `url`."""

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        self.url = url
        self.refused: Counter[str] = Counter()
        self._connection = PaperConnection("custodian", url, timeout_s)

    def send(self, envelope: Envelope, signatures: Signatures | None) -> None:
        """Post a message; the custodian answers when it has taken it."""
        body = envelope_json(envelope)
        if signatures is not None:
            body |= {"treasury": signatures.treasury, "approver": signatures.approver}
        self._connection.post("/v1/messages", body)

    def after(self, number: int, limit: int) -> Sequence[Envelope]:
        """The custodian's messages numbered above `number`."""
        page = self._connection.get("/v1/messages", after=number, limit=limit)
        try:
            return [envelope_from_json(each) for each in page["messages"]]
        except (Malformed, KeyError, TypeError) as error:
            raise Unavailable(f"custodian: its messages could not be read: {error}") from error

    def acknowledge(self, envelope: Envelope) -> None:
        """Tell how far we have kept what it told."""
        body = {"reader": READER, "number": envelope.number, "sha256": envelope.hash}
        self._connection.post("/v1/acknowledgements", body)

    def state(self, isin: str) -> int:
        """Ask for a statement."""
        return int(self._connection.post("/v1/statement-requests", {"isin": isin})["number"])

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()
