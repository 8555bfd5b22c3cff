"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast

if TYPE_CHECKING:
    from ..models.holder_proof_proof import HolderProofProof


T = TypeVar("T", bound="HolderProof")


@_attrs_define
class HolderProof:
    """One holder's place in the tree of a report, as `openscrip report --proof` writes it: whoever has it can check it
    alone.

    It tells what the chain tells everybody: an address and its balance at the cut.

        Attributes:
            format_ (str):
            stock (str):
            chain (str):
            token (str):
            holder (str):
            salt (str):
            proof (HolderProofProof):
    """

    format_: str
    stock: str
    chain: str
    token: str
    holder: str
    salt: str
    proof: HolderProofProof

    def to_dict(self) -> dict[str, Any]:
        from ..models.holder_proof_proof import HolderProofProof  # noqa: PLC0415

        format_ = self.format_

        stock = self.stock

        chain = self.chain

        token = self.token

        holder = self.holder

        salt = self.salt

        proof = self.proof.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "format": format_,
                "stock": stock,
                "chain": chain,
                "token": token,
                "holder": holder,
                "salt": salt,
                "proof": proof,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.holder_proof_proof import HolderProofProof  # noqa: PLC0415

        d = dict(src_dict)
        format_ = d.pop("format")

        stock = d.pop("stock")

        chain = d.pop("chain")

        token = d.pop("token")

        holder = d.pop("holder")

        salt = d.pop("salt")

        proof = HolderProofProof.from_dict(d.pop("proof"))

        holder_proof = cls(
            format_=format_,
            stock=stock,
            chain=chain,
            token=token,
            holder=holder,
            salt=salt,
            proof=proof,
        )

        return holder_proof
