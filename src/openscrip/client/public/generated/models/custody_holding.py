"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset


T = TypeVar("T", bound="CustodyHolding")


@_attrs_define
class CustodyHolding:
    """What a custodian states. Only `available` counts; the others are in the account, or on their way, and do not.

    Attributes:
        provider (str):
        account (str):
        available (str): a decimal number, exact
        pending_receipt (str): a decimal number, exact
        pending_delivery (str): a decimal number, exact
        blocked (str): a decimal number, exact
        pledged (str): a decimal number, exact
        lent (str): a decimal number, exact
        borrowed (str): a decimal number, exact
        in_transit (str): a decimal number, exact
        restricted (str): a decimal number, exact
        other (str): a decimal number, exact
        epoch (int):
        statement_sequence (int):
        statement_sha_256 (str):
        signed (bool):
        as_of (str):
    """

    provider: str
    account: str
    available: str
    pending_receipt: str
    pending_delivery: str
    blocked: str
    pledged: str
    lent: str
    borrowed: str
    in_transit: str
    restricted: str
    other: str
    epoch: int
    statement_sequence: int
    statement_sha_256: str
    signed: bool
    as_of: str

    def to_dict(self) -> dict[str, Any]:
        provider = self.provider

        account = self.account

        available = self.available

        pending_receipt = self.pending_receipt

        pending_delivery = self.pending_delivery

        blocked = self.blocked

        pledged = self.pledged

        lent = self.lent

        borrowed = self.borrowed

        in_transit = self.in_transit

        restricted = self.restricted

        other = self.other

        epoch = self.epoch

        statement_sequence = self.statement_sequence

        statement_sha_256 = self.statement_sha_256

        signed = self.signed

        as_of = self.as_of

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "provider": provider,
                "account": account,
                "available": available,
                "pendingReceipt": pending_receipt,
                "pendingDelivery": pending_delivery,
                "blocked": blocked,
                "pledged": pledged,
                "lent": lent,
                "borrowed": borrowed,
                "inTransit": in_transit,
                "restricted": restricted,
                "other": other,
                "epoch": epoch,
                "statementSequence": statement_sequence,
                "statementSha256": statement_sha_256,
                "signed": signed,
                "asOf": as_of,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        provider = d.pop("provider")

        account = d.pop("account")

        available = d.pop("available")

        pending_receipt = d.pop("pendingReceipt")

        pending_delivery = d.pop("pendingDelivery")

        blocked = d.pop("blocked")

        pledged = d.pop("pledged")

        lent = d.pop("lent")

        borrowed = d.pop("borrowed")

        in_transit = d.pop("inTransit")

        restricted = d.pop("restricted")

        other = d.pop("other")

        epoch = d.pop("epoch")

        statement_sequence = d.pop("statementSequence")

        statement_sha_256 = d.pop("statementSha256")

        signed = d.pop("signed")

        as_of = d.pop("asOf")

        custody_holding = cls(
            provider=provider,
            account=account,
            available=available,
            pending_receipt=pending_receipt,
            pending_delivery=pending_delivery,
            blocked=blocked,
            pledged=pledged,
            lent=lent,
            borrowed=borrowed,
            in_transit=in_transit,
            restricted=restricted,
            other=other,
            epoch=epoch,
            statement_sequence=statement_sequence,
            statement_sha_256=statement_sha_256,
            signed=signed,
            as_of=as_of,
        )

        return custody_holding
