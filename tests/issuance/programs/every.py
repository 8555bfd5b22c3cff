"""Every instruction of the program, in a state in which each would be taken if it comes as it should."""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from solders.instruction import Instruction
from solders.pubkey import Pubkey
from tests.issuance.programs.world import DAY_CAP, HOUR_CAP, KEYS, SUPPLY_CAP, Issuer, hashed, key_of

from openscrip.issuance.chains.solana.program_operations import guardian

Build: TypeAlias = Callable[[Issuer, list[Pubkey]], Instruction]
I0, I1 = KEYS.issuers
A0, A1, A2 = KEYS.attestors
C0, G = KEYS.actors[0], KEYS.guardian
TWO = [I0, A0, A1]
ACTION = [C0, A0, A1]
OPERATION = guardian(salt=b"waiting1", key=key_of("new guardian").pubkey())
QUEUED = guardian(salt=b"waiting2", key=key_of("new guardian").pubkey())
LANE = hashed("chain:there")
BY_TWO: dict[str, Build] = {
    "open": lambda w, s: w.opening(key_of("mint NEW").pubkey(), signers=s),
    "mint": lambda w, s: w.minting("signed", signers=s),
    "queue": lambda w, s: w.queueing(QUEUED, signers=s),
}
BY_ACTION: dict[str, Build] = {
    "announce": lambda w, s: w.announcing("signed", signers=s),
    "stage": lambda w, s: w.staging("split", signers=s),
    "cancel": lambda w, s: w.program.cancel(mint=w.mint, action=hashed("split"), reason=hashed("why"), signers=s),
    "finish": lambda w, s: w.program.finish(mint=w.mint, action=hashed("done"), evidence=hashed("why"), signers=s),
    "end": lambda w, s: w.program.end(mint=w.mint, action=hashed("merger"), effective_at=w.now + 600, signers=s),
}
BY_MEMBER: dict[str, Build] = {
    "void": lambda w, s: w.program.void(payer=KEYS.payer, request=hashed("void"), signers=s),
    "burn": lambda w, s: w.burning("held", signers=s),
    "refund": lambda w, s: w.refunding("held", signers=s),
    "execute": lambda w, s: w.executing(OPERATION, signers=s),
}
BY_GUARDIAN: dict[str, Build] = {
    "pause": lambda w, s: w.program.pause(mint=w.mint, scope=2, signers=s),
    "freeze": lambda w, s: w.program.freeze(mint=w.mint, account=w.account, reason=1, signers=s),
    "lower_limits": lambda w, s: w.program.lower_limits(
        mint=w.mint, supply_cap=SUPPLY_CAP, day_cap=DAY_CAP, hour_cap=HOUR_CAP - 1, signers=s
    ),
    "lower_lane": lambda w, s: w.program.lower_lane(mint=w.mint, destination=LANE, hour_cap=1, signers=s),
}


BY_HOLDER: dict[str, Callable[[Issuer], Instruction]] = {
    "escrow": lambda w: w.escrowing("new", raw=5),
    "depart": lambda w: w.departing("new", raw=5, destination=LANE),
}
OTHERS: dict[str, Build] = {
    "report": lambda w, s: w.reporting(epoch=9, signers=s),
    "call_off": lambda w, s: w.program.call_off(operation_hash=OPERATION.hash, signers=s),
}


def build_signed(build: Build, signers: list[Pubkey], world: Issuer) -> Instruction:
    return build(world, list(signers))


def every() -> dict[str, Callable[[Issuer], Instruction]]:
    """All but `found`, each rightly signed."""
    found: dict[str, Callable[[Issuer], Instruction]] = dict(BY_HOLDER)
    for builds, signers in ((BY_TWO, TWO), (BY_ACTION, ACTION), (BY_MEMBER, [I0]), (BY_GUARDIAN, [G]), (OTHERS, TWO)):
        found |= {name: partial(build_signed, build, signers) for name, build in builds.items()}
    return found


def ready_for_every(code: bytes) -> Issuer:
    """A state in which every instruction would be taken."""
    world = Issuer(code)
    world.open_lane(LANE)
    world.send(world.announcing("done"))
    world.send(world.staging("done"))
    world.after(3600)
    world.send(world.announcing("split"), world.announcing("merger", kind=b"MRGR", into=hashed("acquirer")))
    world.send(world.queueing(OPERATION))
    world.after(2 * 86_400)
    world.send(world.reporting(epoch=world.stock().epoch_at(world.now)))
    world.send(world.minting("held", raw=1000), world.escrowing("held", raw=10))
    world.send(*world.birth(key_of("mint NEW").pubkey()))
    return world
