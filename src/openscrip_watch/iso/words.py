"""What a custodian's message says: a statement, a movement, the end of an instruction, a notice. Pure.

Versions are those of the restricted profile in docs/custody-messages.md; another version is another message and is refused.
Amounts are decimal strings of at most nine places. A code that is not known is never guessed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from openscrip_watch.amounts import SHARE, parse
from openscrip_watch.iso.letters import Letter
from openscrip_watch.iso.tree import OURS, Element
from openscrip_watch.refusal import BadInput, refuse_unless
from openscrip_watch.statement import Movement, Statement

STATEMENT, CONFIRMATION, STATUS, CANCELLED = "semt.002.001.11", "sese.025.001.11", "sese.024.001.12", "sese.027.001.07"
NOTICE, POSTED, CALLED_OFF = "seev.031.001.14", "seev.036.001.15", "seev.039.001.12"
KEPT_AS: Mapping[str, str] = {
    **dict.fromkeys(("BLOK", "BLCA", "BLOT", "BLOV"), "blocked"),
    **dict.fromkeys(("PLED", "COLO", "MARG"), "pledged"),
    **dict.fromkeys(("LOAN", "LODE"), "lent"),
    **dict.fromkeys(("BORR", "BODE", "BORE", "COLI"), "borrowed"),
    **dict.fromkeys(("TRAN", "REGO", "AWAS"), "in_transit"),
    **dict.fromkeys(("RSTR", "DRAW"), "restricted"),
    **dict.fromkeys(("PECA", "PEDA", "OTHR"), "other"),
}
"""Sub-balances inside the aggregate that back nothing."""
PENDING: Mapping[str, str] = {"PENR": "pending_receipt", "PEND": "pending_delivery"}
_EXTRA = "SplmtryData/Envlp/Cstdy"


@dataclass(frozen=True, slots=True)
class Posted:
    """What a confirmation of an event did to a holding: `after` shares, and the ratio of a split, `new/old`."""

    event: str
    isin: str
    account: str
    before: int
    after: int
    ratio: str
    epoch: int


def read_statement(letter: Letter, tree: Element, keeper: str) -> Statement:
    """semt.002 as a statement of one line. Raises `BadInput` or `Refusal("statement.…")`."""
    general = "StmtGnlDtls"
    basis = (tree.said(f"{general}/UpdTp/Cd"), tree.said(f"{general}/StmtBsis/Cd"))
    whole = (tree.said("Pgntn/PgNb"), tree.said("Pgntn/LastPgInd"), *basis)
    text = f"statement {letter.id:.40}: it was not one whole page, complete, on the settled basis"
    refuse_unless(whole == ("1", "true", "COMP", "SETT"), "statement.form", text)
    servicer = tree.said("AcctSvcr/Id/PrtryId/Id") if tree.has("AcctSvcr/Id/PrtryId") else tree.said("AcctSvcr/Id/AnyBIC")
    refuse_unless(servicer == letter.sender, "statement.custodian", f"statement {letter.id:.40}: it was of {servicer:.40}")
    line = tree.one("BalForAcct")
    for place in ("AggtBal", "AvlblBal"):
        text = f"statement {letter.id:.40}: a short position"
        refuse_unless(line.said(f"{place}/ShrtLngInd") == "LONG", "statement.short", text)
    amounts = dict.fromkeys((*KEPT_AS.values(), *PENDING.values()), 0)
    for each in line.all("BalBrkdwn"):
        code = each.said("SubBalTp/Cd")
        name = KEPT_AS.get(code) or PENDING.get(code)
        if name is None or each.said("Qty/ShrtLngInd") != "LONG":
            raise BadInput("statement.code", f"statement {letter.id:.40}: sub-balance {code!r:.20} was not known")
        amounts[name] += _shares(each.said("Qty/Qty/Qty/Unit"))
    extra = _extra(line)
    stated = Statement(
        isin=line.said("FinInstrmId/ISIN"),
        account=tree.said("SfkpgAcct/Id"),
        sequence=_natural(extra.said("Chain/StmtNb")),
        as_of=_instant(tree.said(f"{general}/StmtDtTm/DtTm")),
        epoch=_natural(extra.said("Epch")),
        available=_shares(line.said("AvlblBal/Qty/Qty/Unit")),
        aggregate=_shares(line.said("AggtBal/Qty/Qty/Qty/Unit")),
        movement_seq=_natural(extra.said("Chain/MvmntNb")),
        movements_hash=extra.said("Chain/MvmntsHash"),
        previous_hash=extra.said("Chain/PrvsStmtHash"),
        hash=letter.sha256,
        custodian=letter.sender,
        keeper=keeper,
        **amounts,
    )
    text = f"statement {letter.id:.40}: its sub-balances are not its aggregate"
    refuse_unless(stated.available + stated.kept == stated.aggregate, "statement.sum", text)
    return stated


def read_confirmation(letter: Letter, tree: Element, part: int, keeper: str) -> Movement | None:
    """sese.025 as a receipt or delivery; None for one that is only announced. `part` numbers the parts of one instruction."""
    if tree.has("AddtlParams/PreConf"):
        return None
    kind = {"RECE": "receipt", "DELI": "delivery"}[_among(tree.said("TxIdDtls/SctiesMvmntTp"), ("RECE", "DELI"))]
    own = instruction_of(tree, "TxIdDtls/AcctOwnrTxId")
    extra = _extra(tree)
    parties = "DlvrgSttlmPties" if kind == "receipt" else "RcvgSttlmPties"
    party = f"{parties}/Pty1/Id"
    counterparty = tree.told(f"{party}/PrtryId/Id") or tree.told(f"{party}/AnyBIC")
    return Movement(
        seq=letter.number,
        at=letter.created,
        type=kind,
        instruction=f"{own}/{part}" if is_part(tree) else own,
        isin=tree.said("FinInstrmId/ISIN"),
        quantity=_shares(tree.said("QtyAndAcctDtls/SttldQty/Qty/Unit")),
        account=tree.said("QtyAndAcctDtls/SfkpgAcct/Id"),
        counterparty=extra.told("Pty") or counterparty,
        reference=extra.told("Ref") or tree.told("TxIdDtls/CmonId"),
        epoch=_natural(extra.said("Epch")),
        keeper=keeper,
    )


def is_part(tree: Element) -> bool:
    """Whether a confirmation is of a part of its instruction."""
    return tree.has("AddtlParams/PrtlSttlm")


def instruction_of(tree: Element, path: str) -> str:
    """The instruction's id, in full where the standard's 35 characters did not hold it."""
    own = next((each.told("TxId") for each in tree.all(_EXTRA) if each.space == OURS), "")
    return own or tree.said(path)


def read_end(letter: Letter, tree: Element, keeper: str) -> Movement | None:
    """sese.024 or sese.027 as the end of an instruction that moves nothing more; None while it may."""
    if letter.type == CANCELLED:
        if not tree.has("PrcgSts/Canc"):
            return None
        return _ended(letter, tree, "cancelled", "TxId/AcctOwnrTxId/SctiesSttlmTxId/TxId", keeper)
    if tree.has("PrcgSts/Rjctd"):
        return _ended(letter, tree, "rejected", "TxId/AcctOwnrTxId", keeper)
    if tree.has("PrcgSts/Canc"):
        reasons = {each.text for each in tree.one("PrcgSts/Canc").all("Rsn/Cd/Cd")}
        return _ended(letter, tree, "cancelled" if "CANI" in reasons else "failed", "TxId/AcctOwnrTxId", keeper)
    return None


def read_posted(tree: Element) -> Posted | None:
    """seev.036 that moved shares; None for one that moved money alone."""
    moved = list(tree.all("CorpActnConfDtls/SctiesMvmntDtls"))
    if not moved:
        return None
    (shares,) = moved if len(moved) == 1 else (_several(tree),)
    before = _shares(tree.said("AcctDtls/Bal/ConfdBal/Bal/QtyChc/Qty/Unit"))
    change = _shares(shares.said("PstngQty/Qty/Unit"))
    credit = _among(shares.said("CdtDbtInd"), ("CRDT", "DBIT")) == "CRDT"
    ratio = ""
    if shares.has("RateDtls/NewToOd"):
        ratio = "/".join(shares.said(f"RateDtls/NewToOd/QtyToQty/{each}") for each in ("Qty1", "Qty2"))
    return Posted(
        event_of(tree),
        tree.said("CorpActnGnlInf/FinInstrmId/ISIN"),
        tree.said("AcctDtls/SfkpgAcct"),
        before,
        before + change if credit else before - change,
        ratio,
        _natural(_extra(tree).said("Epch")),
    )


def read_notice(letter: Letter, tree: Element) -> dict[str, Any] | None:
    """seev.031 as the terms of an event; None while it is incomplete or not confirmed."""
    status = "NtfctnGnlInf/PrcgSts/Cd"
    if (tree.said(f"{status}/EvtCmpltnsSts"), tree.said(f"{status}/EvtConfSts")) != ("COMP", "CONF"):
        return None
    options = tree.all("CorpActnOptnDtls")
    option = next((each for each in options if each.told("DfltPrcgOrStgInstr/DfltOptnInd") == "true"), None)
    if option is None:
        return None
    terms: dict[str, Any] = {
        "event_id": event_of(tree),
        "isin": tree.said("CorpActnGnlInf/UndrlygScty/FinInstrmId/ISIN"),
        "event": tree.said("CorpActnGnlInf/EvtTp/Cd"),
        "ex_date": _day(tree, "CorpActnDtls/DtDtls/ExDvddDt"),
        "record_date": _day(tree, "CorpActnDtls/DtDtls/RcrdDt"),
        "pay_date": None,
        "ratio_new": None,
        "ratio_old": None,
        "cash_usd": None,
        "document": letter.sha256,
    }
    for shares in option.all("SctiesMvmntDtls"):
        terms["pay_date"] = _day(shares, "DtDtls/PmtDt")
        terms |= _ratio(shares)
    for cash in option.all("CshMvmntDtls"):
        terms["pay_date"] = _day(cash, "DtDtls/PmtDt")
        terms["cash_usd"] = cash.told("RateAndAmtDtls/GrssDvddRate/Amt") or None
    return terms


def event_of(tree: Element) -> str:
    """The event's id, the official one where there is one."""
    return tree.told("CorpActnGnlInf/OffclCorpActnEvtId") or tree.said("CorpActnGnlInf/CorpActnEvtId")


def _ratio(shares: Element) -> dict[str, int]:
    if shares.has("RateDtls/NewToOd"):
        new, old = (_natural(shares.said(f"RateDtls/NewToOd/QtyToQty/{each}")) for each in ("Qty1", "Qty2"))
        return {"ratio_new": new, "ratio_old": old}
    if shares.has("RateDtls/AddtlQtyForExstgScties"):
        place = "RateDtls/AddtlQtyForExstgScties/QtyToQty"
        more, old = (_natural(shares.said(f"{place}/{each}")) for each in ("Qty1", "Qty2"))
        return {"ratio_new": old + more, "ratio_old": old}
    return {}


def _ended(letter: Letter, tree: Element, kind: str, path: str, keeper: str) -> Movement:
    own = instruction_of(tree, path)
    return Movement(letter.number, letter.created, kind, own, tree.told("TxDtls/FinInstrmId/ISIN"), 0, "", "", "", 0, keeper)


def _extra(element: Element) -> Element:
    found = [each for each in element.all(_EXTRA) if each.space == OURS]
    if len(found) != 1:
        raise BadInput("xml.supplementary", f"xml: {element.name} had no supplementary data of ours, or twice")
    return found[0]


def _several(tree: Element) -> Element:
    raise BadInput("event.several", f"event: {event_of(tree):.80} moved several securities; this reader knows one")


def _among(text: str, known: tuple[str, ...]) -> str:
    if text not in known:
        raise BadInput("xml.code", f"xml: {text!r:.20} was none of {', '.join(known)}")
    return text


def _shares(text: str) -> int:
    return parse(text, SHARE, "message: quantity")


def _natural(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadInput("xml.number", f"xml: {text!r:.40} was no whole number")
    return int(text)


def _instant(text: str) -> int:
    try:
        return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())
    except ValueError:
        raise BadInput("xml.time", f"xml: {text!r:.40} was no instant in UTC") from None


def _day(element: Element, path: str) -> str | None:
    return element.told(f"{path}/Dt/Dt" if element.has(f"{path}/Dt/Dt") else f"{path}/Dt") or None
