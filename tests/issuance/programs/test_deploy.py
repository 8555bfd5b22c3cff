"""The Solana program through the upgradeable loader, as on a cluster: deployed in pieces, called, upgraded, refused."""

import pytest
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.transaction_metadata import FailedTransactionMetadata
from tests.issuance.programs.compilers import NEEDED, compilers
from tests.issuance.programs.loader import Deployer, program_data, send, try_sending
from tests.tools.objects import CALL, EXIT, POINTER, ZERO, Piece, Relocation, call, op, relocatable, wide

from sbf.build import build
from sbf.compiler import Compiler
from sbf.link import FORMATS, link

SYMBOLS = (("entrypoint", ".text", 0), ("sol_log_", "", 0))


def saying(text: bytes) -> bytes:
    """The object of a program that says a text."""
    code = wide(1) + op(0xB7, 2, 0, 0, len(text)) + call() + ZERO + EXIT
    relocations = [Relocation(0, ".rodata", POINTER), Relocation(24, "sol_log_", CALL)]
    return relocatable(code, [Piece(".rodata", text)], relocations, SYMBOLS)


def answers(deployer: Deployer, program: Pubkey) -> list[tuple[str, int]]:
    """How a program ends and what it costs when it is told nothing, and each tag alone."""
    found = []
    for data in (b"", *(bytes([tag]) for tag in range(40)), bytes([255])):
        done = try_sending(deployer.chain, [Instruction(program, data, [])], deployer.key)
        meta = done.meta() if isinstance(done, FailedTransactionMetadata) else done
        error = str(done.err()) if isinstance(done, FailedTransactionMetadata) else ""
        found.append((error, meta.compute_units_consumed()))
    return found


@pytest.fixture
def deployer() -> Deployer:
    return Deployer.rich()


def test_stock_program__deployed_by_the_loader__answers_as_when_it_is_only_placed(deployer: Deployer, stock_so: bytes) -> None:
    deployed, placed = deployer.deploy(stock_so), Keypair().pubkey()
    deployer.chain.add_program(placed, stock_so)
    said = answers(deployer, deployed)
    assert said == answers(deployer, placed)
    assert all(error for error, _ in said), "an instruction of one byte was taken"
    assert any("Custom" in error for error, _ in said), "no refusal is the program's own"


@pytest.mark.slow
@pytest.mark.parametrize("found", compilers(), ids=lambda each: f"rustc-{each.rust}" if each else "no-compiler")
def test_stock_program__linked_in_either_format__answers_the_same(deployer: Deployer, found: Compiler | None) -> None:
    assert found is not None, NEEDED
    said = [answers(deployer, deployer.deploy(build(found, form=form))) for form in FORMATS]
    assert said[0] == said[1]


def test_stock_program__upgraded_to_itself__answers_the_same(deployer: Deployer, stock_so: bytes) -> None:
    deployed = deployer.deploy(stock_so, room=2 * len(stock_so))
    before = answers(deployer, deployed)
    deployer.upgrade(deployed, stock_so)
    assert answers(deployer, deployed) == before


@pytest.mark.parametrize("form", FORMATS)
def test_linked_program__deployed_and_upgraded_by_the_loader__runs(deployer: Deployer, form: str) -> None:
    deployed = deployer.deploy(link(saying(b"the first"), form), room=4096)
    assert "Program log: the first" in send(deployer.chain, [Instruction(deployed, b"", [])], deployer.key).logs()
    deployer.upgrade(deployed, link(saying(b"the second"), form))
    assert "Program log: the second" in send(deployer.chain, [Instruction(deployed, b"1", [])], deployer.key).logs()
    assert deployer.chain.get_account(program_data(deployed)) is not None


@pytest.mark.parametrize("form", FORMATS)
def test_loader__program_cut_short__is_refused(deployer: Deployer, form: str) -> None:
    with pytest.raises(AssertionError, match="InvalidAccountData"):
        deployer.deploy(link(saying(b"said"), form)[:-16])
