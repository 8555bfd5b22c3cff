"""Deploys a program as `solana program deploy` does: a buffer, its bytes in pieces, the upgradeable loader's word."""

import struct
from dataclasses import dataclass

from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.message import Message
from solders.pubkey import Pubkey
from solders.system_program import CreateAccountParams, create_account
from solders.sysvar import CLOCK, RENT
from solders.transaction import Transaction
from solders.transaction_metadata import FailedTransactionMetadata, TransactionMetadata

LOADER = Pubkey.from_string("BPFLoaderUpgradeab1e11111111111111111111111")
SYSTEM = Pubkey.default()
BUFFER_HEAD, PROGRAM_SIZE, PIECE = 37, 36, 900


def send(chain: LiteSVM, instructions: list[Instruction], *signers: Keypair) -> TransactionMetadata:
    """One transaction that must succeed; the first signer pays."""
    done = try_sending(chain, instructions, *signers)
    assert isinstance(done, TransactionMetadata), done
    return done


def try_sending(
    chain: LiteSVM, instructions: list[Instruction], *signers: Keypair
) -> TransactionMetadata | FailedTransactionMetadata:
    """One transaction, and what came of it."""
    chain.expire_blockhash()
    message = Message(instructions, signers[0].pubkey())
    return chain.send_transaction(Transaction(signers, message, chain.latest_blockhash()))


def program_data(program: Pubkey) -> Pubkey:
    """Where the loader keeps a program's bytes."""
    return Pubkey.find_program_address([bytes(program)], LOADER)[0]


@dataclass(frozen=True)
class Deployer:
    """Whoever pays for the deployments and may upgrade them."""

    chain: LiteSVM
    key: Keypair

    @classmethod
    def rich(cls) -> "Deployer":
        """A chain of its own, and lamports."""
        chain, key = LiteSVM(), Keypair()
        chain.airdrop(key.pubkey(), 10**12)
        return cls(chain, key)

    def account(self, account: Keypair, size: int) -> Instruction:
        """A new account of the loader."""
        rent = self.chain.minimum_balance_for_rent_exemption(size)
        return create_account(
            CreateAccountParams(
                from_pubkey=self.key.pubkey(), to_pubkey=account.pubkey(), lamports=rent, space=size, owner=LOADER
            )
        )

    def told(self, data: bytes, *accounts: AccountMeta) -> Instruction:
        """An instruction of the loader that the deployer signs."""
        return Instruction(LOADER, data, [*accounts, AccountMeta(self.key.pubkey(), is_signer=True, is_writable=False)])

    def buffer(self, program: bytes) -> Pubkey:
        """The bytes in a buffer, piece by piece."""
        buffer = Keypair()
        begin = Instruction(LOADER, struct.pack("<I", 0), [changed(buffer.pubkey()), read(self.key.pubkey())])
        send(self.chain, [self.account(buffer, BUFFER_HEAD + len(program)), begin], self.key, buffer)
        for at in range(0, len(program), PIECE):
            piece = program[at : at + PIECE]
            data = struct.pack("<IIQ", 1, at, len(piece)) + piece
            send(self.chain, [self.told(data, changed(buffer.pubkey()))], self.key)
        return buffer.pubkey()

    def deploy(self, program: bytes, room: int = 0) -> Pubkey:
        """The address of the program, which can be called from the next slot on."""
        buffer, address = self.buffer(program), Keypair()
        deploy = Instruction(
            LOADER,
            struct.pack("<IQ", 2, room or len(program)),
            [
                AccountMeta(self.key.pubkey(), is_signer=True, is_writable=True),
                changed(program_data(address.pubkey())), changed(address.pubkey()), changed(buffer),
                read(RENT), read(CLOCK), read(SYSTEM),
                AccountMeta(self.key.pubkey(), is_signer=True, is_writable=False),
            ],
        )  # fmt: skip
        send(self.chain, [self.account(address, PROGRAM_SIZE), deploy], self.key, address)
        self.next_slot()
        return address.pubkey()

    def upgrade(self, address: Pubkey, program: bytes) -> None:
        """Other bytes at the same address, from the next slot on."""
        accounts = (changed(program_data(address)), changed(address), changed(self.buffer(program)))
        spill = changed(self.key.pubkey())
        send(self.chain, [self.told(struct.pack("<I", 3), *accounts, spill, read(RENT), read(CLOCK))], self.key)
        self.next_slot()

    def next_slot(self) -> None:
        """What was deployed is called only in a later slot."""
        self.chain.warp_to_slot(self.chain.get_clock().slot + 1)


def changed(address: Pubkey) -> AccountMeta:
    """An account that is written."""
    return AccountMeta(address, is_signer=False, is_writable=True)


def read(address: Pubkey) -> AccountMeta:
    """An account that is read."""
    return AccountMeta(address, is_signer=False, is_writable=False)
