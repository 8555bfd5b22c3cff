"""EIP-712: the digests that our contracts verify. The type strings are the contracts' own, field by field."""

from collections.abc import Mapping

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from openscrip.issuance.voucher import ActionCancel, ActionFinish, AnnouncedAction, MintVoucher, MultiplierChange, chain_hash
from openscrip.kernel.quantities import Shares

_DOMAIN = keccak(text="EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
_VERSION = keccak(text="1")
_NOBODY = "0x" + "00" * 20
MINT_VOUCHER = (
    "MintVoucher(address token,address receiver,uint256 rawAmount,uint8 kind,bytes32 requestId,bytes32 evidence,"
    "bytes32 origin,uint64 epoch,uint256 multiplier,uint64 signerEpoch,uint64 deadline)"
)
RESERVE_REPORT = (
    "ReserveReport(address token,uint256 shares,uint256 encumbered,uint256 inTransit,uint256 allocation,uint64 epoch,"
    "uint64 asOf,uint64 sequence)"
)
CORPORATE_ACTION = (
    "CorporateAction(bytes32 id,address token,bytes4 kind,uint32 exDate,uint32 recordDate,uint32 payDate,"
    "uint256 ratioNew,uint256 ratioOld,uint256 cash,address into,bytes32 sources,bytes32 corrects)"
)
MULTIPLIER_CHANGE = (
    "MultiplierChange(address token,uint256 expected,uint256 multiplier,uint64 effectiveAt,uint64 epochAfter,"
    "bytes32 actionId,uint256 ratioNew,uint256 ratioOld,uint64 pausedFrom)"
)
ACTION_OPENING = "ActionOpening(bytes32 actionId,uint64 effectiveAt)"
ACTION_CANCEL = "ActionCancel(bytes32 actionId,bytes32 reason)"
ACTION_FINISH = "ActionFinish(bytes32 actionId,bytes32 evidence)"
PRICE_REPORT = (
    "PriceReport(address token,uint256 price,uint8 session,bool halted,bool largeMove,uint64 version,"
    "uint64 observedAt,uint64 sequence)"
)
PERMIT = "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
DELEGATED_TRANSFER = "DELEGATED_TRANSFER(address owner,address to,uint256 value,uint256 nonce,uint256 deadline)"
ISSUER, FEED = "Openscrip Issuer", "Openscrip ReserveFeed"
ACTIONS, PRICE = "Openscrip CorporateActions", "Openscrip PriceFeed"


def digest(name: str, chain_id: int, contract: str, type_string: str, values: tuple[object, ...]) -> bytes:
    """What is signed for a struct of `type_string` with `values`, in the domain (`name`, "1", chain, contract)."""
    kinds = [field.split(" ")[0] for field in type_string[type_string.index("(") + 1 : -1].split(",")]
    domain = keccak(
        encode(
            ["bytes32", "bytes32", "bytes32", "uint256", "address"],
            [_DOMAIN, keccak(text=name), _VERSION, chain_id, contract],
        )
    )
    struct = keccak(encode(["bytes32", *kinds], [keccak(text=type_string), *values]))
    return keccak(b"\x19\x01" + domain + struct)


def voucher_values(voucher: MintVoucher) -> tuple[object, ...]:
    """The fields of a voucher as the issuer contract reads them."""
    return (
        voucher.token,
        voucher.receiver,
        voucher.raw.atoms,
        int(voucher.kind),
        chain_hash(voucher.mint_id),
        bytes.fromhex(voucher.evidence_hash),
        bytes.fromhex(voucher.origin),
        voucher.epoch,
        voucher.multiplier.value,
        voucher.signer_epoch,
        voucher.deadline,
    )


def redemption_key(holder: str, request_id: str) -> bytes:
    """Under which the issuer contract keeps a holder's redemption: nobody takes another's id."""
    return key_of_request(holder, chain_hash(request_id))


def key_of_request(holder: str, request: bytes) -> bytes:
    """The same for a request that is known by its 32 bytes on chain."""
    return keccak(encode(["address", "bytes32"], [holder, request]))


def action_values(token: str, action: AnnouncedAction) -> tuple[object, ...]:
    """The fields of a corporate action as its contract reads them: days as YYYYMMDD, 0 for one that is not known."""
    return (
        chain_hash(action.id),
        token,
        action.kind.encode("ascii"),
        *(int(day.strftime("%Y%m%d")) if day else 0 for day in (action.ex_date, action.record_date, action.pay_date)),
        action.ratio_new,
        action.ratio_old,
        action.cash,
        _NOBODY,
        bytes.fromhex(action.sources),
        bytes(32),
    )


def change_values(change: MultiplierChange) -> tuple[object, ...]:
    """The fields of a multiplier change as the contract of corporate actions reads them."""
    return (
        change.token,
        change.expected.value,
        change.multiplier.value,
        change.effective_at,
        change.epoch_after,
        chain_hash(change.action_id),
        change.ratio_new,
        change.ratio_old,
        change.paused_from,
    )


def cancel_values(cancel: ActionCancel) -> tuple[object, ...]:
    """The fields of a cancellation as the contract of corporate actions reads them."""
    return (chain_hash(cancel.action_id), bytes.fromhex(cancel.reason))


def finish_values(finish: ActionFinish) -> tuple[object, ...]:
    """The fields of an action's end as the contract of corporate actions reads them."""
    return (chain_hash(finish.action_id), bytes.fromhex(finish.evidence))


def report_values(token: str, report: Mapping[str, object]) -> tuple[object, ...]:
    """The fields of an attestor's reserve report (`POST /v1/mints`) as the feed reads them."""
    return (
        token,
        *(Shares.parse(report[name]).atoms for name in ("shares", "encumbered", "in_transit", "allocation")),
        int(str(report["epoch"])),
        int(str(report["as_of"])),
        int(str(report["sequence"])),
    )
