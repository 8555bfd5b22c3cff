"""Final events of the issuer contract, as the port's facts."""

from typing import Any

from eth_utils.address import to_checksum_address

from openscrip.issuance.chain import AnyChainEvent, Burned, Departed, Minted, RedemptionEscrowed, Refunded
from openscrip.issuance.chains.evm.typed_data import key_of_request
from openscrip.issuance.contracts.artifact import own
from openscrip.issuance.voucher import RedemptionKind
from openscrip.kernel.quantities import RawAmount

_NAMES = ("Minted", "RedemptionRequested", "RedemptionBurned", "RedemptionRefunded", "Departed")


def topics() -> dict[str, str]:
    """First topic -> name of each event that becomes a fact."""
    return {own("Issuer").topic(name): name for name in _NAMES}


def decode_event(chain: str, log: dict[str, Any], seen_at: int) -> AnyChainEvent:
    """The fact in a log of the issuer contract; `seen_at` is its block's time."""
    name = topics()[log["topics"][0]]
    fields = own("Issuer").event_data(name, bytes.fromhex(log["data"][2:]))
    request, token, party = log["topics"][1][2:], _account(log["topics"][2]), _account(log["topics"][3])
    common = (chain, token, str(log["transactionHash"]), int(log["blockNumber"], 16), seen_at, request)
    raw = RawAmount(fields["rawAmount"])
    match name:
        case "Minted":
            return Minted(*common, party, raw)
        case "RedemptionRequested":
            return RedemptionEscrowed(*common, party, raw, RedemptionKind(fields["kind"]))
        case "RedemptionBurned":
            return Burned(*common, raw)
        case "Departed":
            destination, receiver = (bytes(fields[each]).hex() for each in ("destination", "receiver"))
            key = key_of_request(party, bytes.fromhex(request)).hex()
            return Departed(*common, party, raw, destination, receiver, int(fields["arriveBy"]), key)
        case _:
            return Refunded(*common, party, raw)


def _account(topic: str) -> str:
    return to_checksum_address("0x" + topic[-40:])
