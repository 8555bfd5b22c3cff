"""Each refusal of the reader and of the writer names its rule and the path of the element."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from tests.assets.iso20022.samples import (
    ADVICE,
    CONFIRMED,
    CONFIRMED_IN_PART,
    DELIVER_AGAINST_PAYMENT,
    DIVIDEND_NOTICE,
    DIVIDEND_PAID,
    FREE_LINE,
    HELD,
    PAGE,
    PLEDGE,
    RECEIVE_FREE,
    SPLIT_NOTICE,
    advice,
)

from openscrip.assets.iso20022 import codes, messages
from openscrip.assets.iso20022.corporate_action import CashToCome, Ratio, SharesToCome
from openscrip.assets.iso20022.holdings import SubBalance, assemble
from openscrip.assets.iso20022.messages import Message, read_message, write_message
from openscrip.assets.iso20022.settlement import Status
from openscrip.assets.iso20022.shared import Party
from openscrip.assets.iso20022.tree import DEPTH_MAX, ELEMENTS_MAX, SIZE_BYTES_MAX
from openscrip.kernel.errors import Malformed, Refused
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.quantities import Shares

BAD_INPUT: list[tuple[str, Message, str, str, str]] = [
    # rule, message, what is replaced, by what, where it is refused
    ("iso.doctype", RECEIVE_FREE, "<Document ", "<!DOCTYPE Document [<!ENTITY a 'b'>]><Document ", "message"),
    ("iso.doctype", RECEIVE_FREE, "<Document ", "<!DOCTYPE Document SYSTEM 'file:///etc/hosts'><Document ", "message"),
    ("iso.instruction", RECEIVE_FREE, "<TxId>", "<?xml-stylesheet href='a'?><TxId>", "Document/SctiesSttlmTxInstr"),
    ("iso.comment", RECEIVE_FREE, ">1000<", ">10<!-- -->00<", "SttlmQty/Qty/Unit"),
    ("iso.cdata", RECEIVE_FREE, ">1000<", "><![CDATA[1000]]><", "SttlmQty/Qty/Unit"),
    ("iso.encoding", RECEIVE_FREE, '"UTF-8"', '"UTF-16"', "message"),
    ("iso.encoding", RECEIVE_FREE, '"UTF-8"?', '"UTF-8" standalone="no"?', "message"),
    ("iso.xml", RECEIVE_FREE, "</Document>", "", "message: line 1"),
    ("iso.xml", RECEIVE_FREE, "</Document>", "</Document><Document/>", "message: line 1"),
    ("iso.xml", RECEIVE_FREE, ">1000<", ">&lol;<", "message: line 1"),
    ("iso.xml", RECEIVE_FREE, "<TxId>", "<a:TxId>", "message: line 1"),
    ("iso.message", RECEIVE_FREE, "sese.023.001.11", "sese.023.001.12", "sese.023.001.12"),
    ("iso.message", RECEIVE_FREE, "sese.023.001.11", "sese.024.001.12", "Document/SctiesSttlmTxInstr"),
    ("iso.message", RECEIVE_FREE, "urn:iso", "urn:osi", "message"),
    ("iso.message", RECEIVE_FREE, "<Document ", "<Document Id='1' ", "Document"),
    ("iso.message", RECEIVE_FREE, "</SctiesSttlmTxInstr>", "</SctiesSttlmTxInstr><Extra/>", "Document"),
    ("iso.namespace", RECEIVE_FREE, "<TxId>", "<TxId xmlns='urn:x'>", "SctiesSttlmTxInstr/TxId"),
    ("iso.element", RECEIVE_FREE, "</TxId>", "</TxId><Prtry>1</Prtry>", "SctiesSttlmTxInstr/Prtry"),
    ("iso.element", CONFIRMED, "<Epch>2</Epch>", "<Epch>2</Epch><More>1</More>", "SplmtryData/Envlp/os:Cstdy/os:More"),
    (
        "iso.order",
        CONFIRMED,
        "<SctiesMvmntTp>RECE</SctiesMvmntTp><Pmt>FREE</Pmt>",
        "<Pmt>FREE</Pmt><SctiesMvmntTp>RECE</SctiesMvmntTp>",
        "TxIdDtls/SctiesMvmntTp",
    ),
    ("iso.duplicate", RECEIVE_FREE, "</TxId>", "</TxId><TxId>2</TxId>", "SctiesSttlmTxInstr/TxId[2]"),
    (
        "iso.duplicate",
        RECEIVE_FREE,
        "</TradDtls>",
        "</TradDtls><TradDtls><SttlmDt/></TradDtls>",
        "SctiesSttlmTxInstr/TradDtls[2]",
    ),
    ("iso.party", RECEIVE_FREE, "<PrtryId>", "<AnyBIC>DTCYUS33</AnyBIC><PrtryId>", "DlvrgSttlmPties"),
    (
        "iso.choice",
        advice(codes.StatusKind.REJECTED, "SAFE"),
        "</PrcgSts>",
        "</PrcgSts><MtchgSts><Mtchd/></MtchgSts>",
        "MtchgSts/Mtchd",
    ),
    (
        "iso.choice",
        SPLIT_NOTICE,
        "</ForAllAccts>",
        "</ForAllAccts><AcctsListAndBalDtls><SfkpgAcct>A</SfkpgAcct></AcctsListAndBalDtls>",
        "ForAllAccts",
    ),
    ("iso.missing", RECEIVE_FREE, "<TxId>sub-000017:transfer</TxId>", "", "SctiesSttlmTxInstr/TxId"),
    ("iso.missing", PAGE, "<SubAcctInd>false</SubAcctInd>", "", "SctiesBalCtdyRpt/StmtGnlDtls/SubAcctInd"),
    (
        "iso.missing",
        PAGE,
        "<AvlblBal><ShrtLngInd>LONG</ShrtLngInd><Qty><Qty><Unit>5</Unit></Qty></Qty></AvlblBal>",
        "",
        "BalForAcct[2]/AvlblBal",
    ),
    ("iso.empty", RECEIVE_FREE, "<SfkpgAcct><Id>OPENSCRIP-SEG</Id></SfkpgAcct>", "<SfkpgAcct/>", "QtyAndAcctDtls/SfkpgAcct"),
    ("iso.text", RECEIVE_FREE, "<TradDtls>", "<TradDtls>text", "SctiesSttlmTxInstr/TradDtls"),
    ("iso.text", RECEIVE_FREE, "</TradDtls>", "text</TradDtls>", "SctiesSttlmTxInstr/TradDtls"),
    ("iso.text", RECEIVE_FREE, ">1000<", "><a/><", "SttlmQty/Qty/Unit"),
    ("iso.text", RECEIVE_FREE, ">1000<", "><", "SttlmQty/Qty/Unit"),
    ("iso.text", RECEIVE_FREE, ">1000<", f">{'1' * 351}<", "SttlmQty/Qty/Unit"),
    ("iso.text", RECEIVE_FREE, "<TxId>sub-000017:transfer</TxId>", "<TxId>a</TxId>text", "SctiesSttlmTxInstr"),
    ("iso.attribute", RECEIVE_FREE, "<TxId>", "<TxId a='1'>", "SctiesSttlmTxInstr/TxId"),
    ("iso.attribute", RECEIVE_FREE, "<TradDtls>", "<TradDtls a='1'>", "SctiesSttlmTxInstr/TradDtls"),
    ("iso.attribute", DELIVER_AGAINST_PAYMENT, ' Ccy="USD"', "", "SctiesSttlmTxInstr/SttlmAmt/Amt"),
    ("iso.currency", DELIVER_AGAINST_PAYMENT, '"USD"', '"EUR"', "SctiesSttlmTxInstr/SttlmAmt/Amt/@Ccy"),
    ("iso.code", RECEIVE_FREE, ">RECE<", ">SEND<", "SttlmTpAndAddtlParams/SctiesMvmntTp"),
    ("iso.code", advice(codes.StatusKind.REJECTED, "SAFE"), ">SAFE<", ">LACK<", "PrcgSts/Rjctd/Rsn/Cd/Cd"),
    ("iso.code", PAGE, ">LONG<", ">SHOR<", "AggtBal/ShrtLngInd"),
    ("iso.code", PAGE, ">PLED<", ">SPOS<", "BalForAcct/BalBrkdwn/SubBalTp/Cd"),
    ("iso.code", DIVIDEND_NOTICE, ">UKWN<", ">ONGO<", "CshMvmntDtls/DtDtls/PmtDt/DtCd/Cd"),
    ("iso.identifier", RECEIVE_FREE, ">sub-000017:transfer<", "> a<", "SctiesSttlmTxInstr/TxId"),
    ("iso.identifier", RECEIVE_FREE, ">sub-000017:transfer<", f">{'a' * 36}<", "SctiesSttlmTxInstr/TxId"),
    ("iso.identifier", RECEIVE_FREE, ">sub-000017:transfer<", ">schlüssel<", "SctiesSttlmTxInstr/TxId"),
    ("iso.narrative", advice(codes.StatusKind.MATCHED, ""), "told", " told", "MtchgSts/Mtchd/AddtlRsnInf"),
    ("isin.malformed", RECEIVE_FREE, "US0378331005", "us0378331005", "FinInstrmId/ISIN"),
    ("isin.check_digit", RECEIVE_FREE, "US0378331005", "US0378331006", "FinInstrmId/ISIN"),
    ("iso.bic", RECEIVE_FREE, "<AnyBIC>DTCYUS33<", "<AnyBIC>DTCYUS3<", "DlvrgSttlmPties/Dpstry/Id/AnyBIC"),
    ("iso.mic", RECEIVE_FREE, ">XNAS<", ">XNA<", "FinInstrmAttrbts/PlcOfListg/MktIdrCd"),
    ("iso.lei", RECEIVE_FREE, "5493006MHB84DD0ZWV18", "5493006MHB84DD0ZWV81", "Pty1/LEI"),
    ("iso.lei", RECEIVE_FREE, "5493006MHB84DD0ZWV18", "5493006MHB84DD0ZWV1", "Pty1/LEI"),
    ("iso.date", RECEIVE_FREE, "2026-10-13", "2026-10-13Z", "TradDtls/SttlmDt/Dt/Dt"),
    ("iso.date", RECEIVE_FREE, "2026-10-13", "2026-02-29", "TradDtls/SttlmDt/Dt/Dt"),
    ("iso.instant", PAGE, "20:31:05Z", "20:31:05+00:00", "StmtGnlDtls/StmtDtTm/DtTm"),
    ("iso.instant", PAGE, "20:31:05Z", "20:31:60Z", "StmtGnlDtls/StmtDtTm/DtTm"),
    ("iso.instant", PAGE, "2026-10-13T", "1969-10-13T", "StmtGnlDtls/StmtDtTm/DtTm"),
    ("iso.boolean", PAGE, "<LastPgInd>true<", "<LastPgInd>1<", "Pgntn/LastPgInd"),
    ("iso.number", PAGE, "<PgNb>1<", "<PgNb>0<", "Pgntn/PgNb"),
    ("iso.number", PAGE, "<Epch>3<", "<Epch>03<", "os:Cstdy/os:Epch"),
    ("iso.hash", PAGE, "abab", "ABAB", "os:Chain/MvmntsHash"),
    ("iso.option", SPLIT_NOTICE, ">001<", ">1<", "CorpActnOptnDtls/OptnNb"),
    ("amount.malformed", RECEIVE_FREE, ">1000<", ">-1000<", "SttlmQty/Qty/Unit"),
    ("amount.malformed", RECEIVE_FREE, ">1000<", ">1e3<", "SttlmQty/Qty/Unit"),
    ("amount.malformed", RECEIVE_FREE, ">1000<", "> 1000<", "SttlmQty/Qty/Unit"),
    ("amount.malformed", RECEIVE_FREE, ">1000<", ">\u0661\u0660\u0660\u0660<", "SttlmQty/Qty/Unit"),
    ("amount.precision", RECEIVE_FREE, ">1000<", ">0.0000000001<", "SttlmQty/Qty/Unit"),
    ("amount.precision", DELIVER_AGAINST_PAYMENT, ">2343.75<", ">2343.750001<", "SttlmAmt/Amt"),
    ("amount.precision", DIVIDEND_NOTICE, ">0.26<", ">0.2600001<", "RateAndAmtDtls/GrssDvddRate/Amt"),
    ("iso.digits", RECEIVE_FREE, ">1000<", ">1234567890.123456789<", "SttlmQty/Qty/Unit"),
    ("iso.range", RECEIVE_FREE, ">1000<", ">10000000000<", "SttlmQty/Qty/Unit"),
    ("iso.range", DIVIDEND_NOTICE, ">30<", ">100.01<", "WhldgTaxRate/Rate"),
    ("iso.range", SPLIT_NOTICE, "<Qty1>10<", "<Qty1>1000001<", "NewToOd/QtyToQty/Qty1"),
    ("iso.zero", RECEIVE_FREE, ">1000<", ">0<", "SttlmQty/Qty/Unit"),
    (
        "iso.party",
        PAGE,
        "<Id><PrtryId><Id>PAPER-CUSTODIAN</Id><Issr>OPENSCRIP</Issr></PrtryId></Id>",
        "",
        "SctiesBalCtdyRpt/AcctSvcr",
    ),
    ("iso.settlement.parties", RECEIVE_FREE, ">RECE<", ">DELI<", "SctiesSttlmTxInstr"),
    ("iso.settlement.amount", DELIVER_AGAINST_PAYMENT, ">APMT<", ">FREE<", "SctiesSttlmTxInstr"),
    ("iso.settlement.amount", DELIVER_AGAINST_PAYMENT, ">CRDT<", ">DBIT<", "SctiesSttlmTxInstr"),
    ("iso.settlement.dates", RECEIVE_FREE, "2026-10-13", "2026-10-08", "SctiesSttlmTxInstr"),
    ("iso.settlement.part", CONFIRMED_IN_PART, ">PAIN<", ">PARC<", "SctiesSttlmTxConf"),
    ("iso.settlement.part", CONFIRMED_IN_PART, "<PrtlSttlm>PAIN</PrtlSttlm>", "", "SctiesSttlmTxConf"),
    (
        "iso.status.reason",
        advice(codes.StatusKind.REJECTED, "SAFE"),
        "<Cd><Cd>SAFE</Cd></Cd>",
        "",
        "SctiesSttlmTxStsAdvc/PrcgSts/Rjctd",
    ),
    ("iso.statement.identity", PAGE, ">1010.912875558<", ">1011.912875558<", "SctiesBalCtdyRpt/BalForAcct"),
    ("iso.statement.identity", PAGE, ">10.912875558<", ">10.912875557<", "SctiesBalCtdyRpt/BalForAcct"),
    ("iso.statement.twice", PAGE, ">BLOK<", ">PLED<", "SctiesBalCtdyRpt/BalForAcct"),
    ("iso.statement.twice", PAGE, "US67066G1040", "US0378331005", "SctiesBalCtdyRpt"),
    ("iso.statement.chain", PAGE, "<Epch>3</Epch>", "", "SctiesBalCtdyRpt/BalForAcct"),
    ("iso.statement.activity", PAGE, "<ActvtyInd>true<", "<ActvtyInd>false<", "SctiesBalCtdyRpt"),
    ("iso.position.same", PLEDGE, ">AVAI<", ">PLED<", "IntraPosMvmntInstr"),
    ("iso.event.options", DIVIDEND_NOTICE, ">002<", ">001<", "CorpActnNtfctn"),
    ("iso.event.previous", DIVIDEND_NOTICE, "<PrvsNtfctnId><Id>NTF-0</Id></PrvsNtfctnId>", "", "CorpActnNtfctn"),
    (
        "iso.event.previous",
        ADVICE,
        "<PrvsMvmntPrlimryAdvcId><Id>ADV-0</Id></PrvsMvmntPrlimryAdvcId>",
        "",
        "CorpActnMvmntPrlimryAdvc",
    ),
    ("iso.event.cash", DIVIDEND_NOTICE, ">0.182<", ">0.282<", "CorpActnOptnDtls/CshMvmntDtls"),
    ("iso.event.cash", DIVIDEND_PAID, ">78<", ">79<", "CorpActnConfDtls/CshMvmntDtls"),
]


@pytest.mark.parametrize(
    ("rule", "message", "before", "after", "where"), BAD_INPUT, ids=lambda each: each if isinstance(each, str) else ""
)
def test_a_message__with_one_thing_wrong__is_refused_by_its_rule_and_place(
    rule: str, message: Message, before: str, after: str, where: str
) -> None:
    text = write_message(message).decode()
    assert before in text
    with pytest.raises(Malformed) as refused:
        read_message(text.replace(before, after, 1).encode())
    assert refused.value.code == rule
    assert where in refused.value.text
    assert re.match(r"[\w/:\[\]@.]+: \S", refused.value.text), "a refusal reads `where: what was wrong`"


def nested(levels: int) -> bytes:
    return b"<a>" * levels + b"</a>" * levels


@pytest.mark.parametrize(
    ("rule", "raw"),
    [
        ("iso.size", b" " * (SIZE_BYTES_MAX + 1)),
        ("iso.size", b"<a>" + b"<b/>" * ELEMENTS_MAX + b"</a>"),
        ("iso.depth", nested(DEPTH_MAX + 1)),
        ("iso.message", nested(DEPTH_MAX)),
        ("iso.xml", b""),
        ("iso.encoding", b"\xff\xfe<\x00a\x00/\x00>\x00"),
        ("iso.encoding", b"\xef\xbb\xbf<a/>"),
        ("iso.encoding", b"<\x00a\x00/\x00>\x00"),
        ("iso.encoding", b"<a>\xc3\x28</a>"),
        ("iso.encoding", b"<a>\x00</a>"),
        ("iso.xml", b"<a b='1' b='2'/>"),
    ],
)
def test_bytes__that_are_no_message__are_refused_before_they_cost_anything(rule: str, raw: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        read_message(raw)
    assert refused.value.code == rule


def test_a_description__beside_an_identifier__is_read_over() -> None:
    text = write_message(RECEIVE_FREE).decode()
    told = text.replace("</ISIN>", "</ISIN><Desc>APPLE INC</Desc>", 1)
    assert told != text
    assert read_message(told.encode()) == RECEIVE_FREE
    with pytest.raises(Malformed) as refused:
        read_message(text.replace("</ISIN>", "</ISIN><Desc><b/></Desc>", 1).encode())
    assert (refused.value.code, "FinInstrmId/Desc" in refused.value.text) == ("iso.text", True)


UNWRITABLE: list[tuple[str, str, Callable[[], Message]]] = [
    ("amount.precision", "SttlmAmt/Amt", lambda: replace(DELIVER_AGAINST_PAYMENT, amount=Money(1))),
    ("amount.precision", "SttlmAmt/Amt", lambda: replace(DELIVER_AGAINST_PAYMENT, amount=Money(-10))),
    ("amount.malformed", "SttlmQty/Qty/Unit", lambda: replace(RECEIVE_FREE, quantity=Shares(-1))),
    ("iso.zero", "SttlmQty/Qty/Unit", lambda: replace(RECEIVE_FREE, quantity=Shares(0))),
    ("iso.value", "SctiesSttlmTxInstr/TxId", lambda: replace(RECEIVE_FREE, id=7)),  # type: ignore[arg-type]  # what a type checker would stop
    ("iso.value", "SctiesSttlmTxInstr/TxId", lambda: replace(RECEIVE_FREE, id=None)),  # type: ignore[arg-type]  # what a type checker would stop
    ("iso.identifier", "SctiesSttlmTxInstr/TxId", lambda: replace(RECEIVE_FREE, id="")),
    ("iso.identifier", "SctiesSttlmTxInstr/SttlmTpAndAddtlParams/CmonId", lambda: replace(RECEIVE_FREE, reference="a" * 36)),
    ("isin.check_digit", "FinInstrmId/ISIN", lambda: replace(RECEIVE_FREE, isin="US0378331006")),
    ("iso.instant", "StmtDtTm/DtTm", lambda: replace(PAGE, as_of=-1)),
    ("iso.number", "os:Epch", lambda: replace(CONFIRMED, epoch=-1)),
    ("iso.duplicate", "BalForAcct", lambda: replace(PAGE, holdings=[FREE_LINE])),  # type: ignore[arg-type]  # what a type checker would stop
    ("iso.value", "AcctSvcr", lambda: replace(PAGE, servicer="me")),  # type: ignore[arg-type]  # what a type checker would stop
]


@pytest.mark.parametrize(("rule", "where", "made"), UNWRITABLE)
def test_a_value__that_the_format_cannot_hold__is_not_written(rule: str, where: str, made: Callable[[], Message]) -> None:
    with pytest.raises(Malformed) as refused:
        write_message(made())
    assert (refused.value.code, where in refused.value.text) == (rule, True)


UNMAKEABLE: list[tuple[str, Callable[[], object]]] = [
    ("iso.party", Party),
    ("iso.status.reason", lambda: Status(codes.StatusKind.MATCHED, "LACK")),
    ("iso.status.reason", lambda: Status(codes.StatusKind.PENDING, codes.NO_REASON, "and yet")),
    (
        "iso.event.ratio",
        lambda: SharesToCome("US0378331005", codes.Direction.CREDIT, None, exchanged=Ratio(1, 1), added=Ratio(1, 1)),
    ),
    ("iso.event.cash", lambda: CashToCome(codes.Direction.CREDIT, None, PricePerShare(1), None, PricePerShare(2))),
    ("iso.event.nothing", lambda: replace(DIVIDEND_PAID, cash=())),
    ("iso.event.options", lambda: replace(ADVICE, options=())),
    ("iso.event.account", lambda: replace(SPLIT_NOTICE, eligible=Shares(1))),
    ("iso.settlement.amount", lambda: replace(DELIVER_AGAINST_PAYMENT, amount=None)),
    ("iso.settlement.dates", lambda: replace(RECEIVE_FREE, traded_on=date(2027, 1, 1))),
    ("iso.statement.identity", lambda: replace(HELD, aggregate=Shares(1))),
]


@pytest.mark.parametrize(("rule", "made"), UNMAKEABLE)
def test_a_record__that_contradicts_itself__is_never_made(rule: str, made: Callable[[], object]) -> None:
    with pytest.raises(Refused) as refused:
        made()
    assert refused.value.code == rule


FIRST = replace(PAGE, last_page=False, holdings=(HELD,))
SECOND = replace(PAGE, page=2, holdings=(FREE_LINE,))


def test_a_statement__of_all_its_pages__is_complete() -> None:
    assert assemble([FIRST, SECOND]).holdings == (HELD, FREE_LINE)
    assert assemble([PAGE]).account == PAGE.account


@pytest.mark.parametrize(
    ("rule", "pages"),
    [
        ("iso.statement.pages", []),
        ("iso.statement.pages", [FIRST]),
        ("iso.statement.pages", [SECOND]),
        ("iso.statement.pages", [SECOND, FIRST]),
        ("iso.statement.pages", [FIRST, SECOND, SECOND]),
        ("iso.statement.pages", [FIRST, replace(SECOND, as_of=PAGE.as_of + 1)]),
        ("iso.statement.pages", [FIRST, replace(SECOND, id="OTHER")]),
        ("iso.statement.pages", [replace(PAGE, last_page=False)]),
        ("iso.statement.update", [replace(PAGE, update=codes.Update.DELTA)]),
        ("iso.statement.basis", [replace(PAGE, basis=codes.Basis.TRADE_DATE)]),
        ("iso.statement.basis", [replace(PAGE, basis=codes.Basis.CONTRACTUAL)]),
        ("iso.statement.twice", [FIRST, replace(SECOND, holdings=(HELD,))]),
    ],
)
def test_a_set_of_pages__that_is_no_complete_settled_statement__is_refused(rule: str, pages: list[object]) -> None:
    with pytest.raises(Refused) as refused:
        assemble(pages)  # type: ignore[arg-type]  # pages are pages
    assert refused.value.code == rule


def test_only_pledged_lent_and_blocked_shares__are_beside_the_available__and_pending_ones_are_outside() -> None:
    kinds = codes.SubBalanceType
    assert HELD.of(kinds.PLEDGED, kinds.LENT, kinds.BLOCKED) == Shares.whole(9)
    more = (*HELD.sub_balances[:-1], SubBalance(kinds.PENDING_DELIVERY, Shares.whole(900)))
    assert replace(HELD, sub_balances=more).aggregate == HELD.aggregate


def test_a_pre_confirmation__is_no_settlement() -> None:
    assert CONFIRMED.settles
    assert not replace(CONFIRMED, pre_confirmation=codes.PreConfirmation.CASH).settles


def test_every_rule_of_the_package__is_held_by_a_case_here() -> None:
    package, here = Path(messages.__file__).parent, Path(__file__).read_text(encoding="utf-8")
    sources = "\n".join(path.read_text(encoding="utf-8") for path in package.glob("*.py"))
    rules = set(re.findall(r'"(iso(?:\.[a-z]+)+)"', sources)) | {
        f"iso.{name}" for name in re.findall(r'_matching\(_\w+, "(\w+)"', sources)
    }
    assert rules, "the package has rules"
    assert {rule for rule in rules if f'"{rule}"' not in here} == set()
