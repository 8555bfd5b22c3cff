"""The two keys that move shares or money out: the issuer's treasury signs here, the watch's approver after its own check."""

import base64

from openscrip.assets.bank import Conversion, Payment
from openscrip.assets.custody import Instruction, Signatures
from openscrip.issuance.attestor import WatchClient
from openscrip.runtime.keys import MessageSigner


class TwoKeyReleases:
    """`Releases` of the desk, with the treasury's signer and the watch."""

    def __init__(self, treasury: MessageSigner, watch: WatchClient) -> None:
        self._treasury = treasury
        self._watch = watch

    def delivery(self, instruction: Instruction) -> Signatures:
        """Both signatures under a delivery. Raises `Refused` with the approver's rule."""
        return Signatures(self._sign(instruction.signed_bytes()), self._watch.approve("delivery", instruction))

    def payment(self, payment: Payment) -> Signatures:
        """Both signatures under a payment. Raises `Refused` with the approver's rule."""
        return Signatures(self._sign(payment.signed_bytes()), self._watch.approve("payment", payment))

    def conversion(self, conversion: Conversion) -> Signatures:
        """Both signatures under a conversion. Raises `Refused` with the approver's rule."""
        return Signatures(self._sign(conversion.signed_bytes()), self._watch.approve("conversion", conversion))

    def _sign(self, message: bytes) -> str:
        return base64.b64encode(self._treasury.sign_message(message)).decode()
