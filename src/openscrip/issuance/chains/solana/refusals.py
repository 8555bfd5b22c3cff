"""The programs' errors as refusals: stable codes and sentences for what the chain says no to.

Our own program's numbers start at 200, and their words are those of the EVM contracts. Token-2022's source:
`solana-program/token-2022`, `interface/src/error.rs`; its codes from 69 on differ between versions and are not named here.
"""

from dataclasses import dataclass

from openscrip.issuance.chains.solana.program_errors import WORDS

_CUSTOM = {
    0: ("solana.rent", "account was not rent exempt"),
    1: ("solana.insufficient", "balance was too low"),
    2: ("solana.mint", "mint was not valid"),
    3: ("solana.mint", "account was of another mint"),
    4: ("solana.not_authorised", "signer was not the authority"),
    5: ("solana.not_authorised", "mint had no mint authority any more"),
    6: ("solana.exists", "account was in use already"),
    14: ("solana.amount", "amount was beyond 64 bits"),
    17: ("solana.frozen", "account was frozen"),
    18: ("solana.decimals", "decimals were not the mint's"),
    29: ("solana.not_authorised", "authority was given up"),
    31: ("solana.checked", "plain transfer was refused by this mint"),
    66: ("solana.multiplier", "multiplier was not a positive normal number"),
    67: ("solana.paused", "token was paused"),
}
_NAMED = {
    "MissingRequiredSignature": ("solana.not_authorised", "a needed signature was missing"),
    "SignatureFailure": ("solana.not_authorised", "a signature was wrong or missing"),
    "InvalidAccountData": ("solana.account", "an account was not of the expected kind"),
    "InsufficientFunds": ("solana.insufficient", "balance was too low"),
    "MissingAccount": ("solana.account", "an account was missing"),
}


@dataclass(frozen=True, slots=True)
class Failure:
    """A refusal code and its sentence."""

    code: str
    text: str

    @classmethod
    def of(cls, error: object) -> "Failure":
        """From the JSON of a transaction error: `{"InstructionError": [index, {"Custom": n}]}` or a bare name."""
        inner = error
        if isinstance(error, dict) and "InstructionError" in error:
            inner = error["InstructionError"][1]
        if isinstance(inner, dict) and "Custom" in inner:
            number = inner["Custom"]
            if number in WORDS and number not in _CUSTOM:
                return cls(_code_of(WORDS[number]), WORDS[number])
            code, text = _CUSTOM.get(number, ("solana.failed", "transaction failed"))
            return cls(code, f"token: {text} (error {number})")
        code, text = _NAMED.get(str(inner), ("solana.failed", "transaction failed"))
        return cls(code, f"token: {text} ({inner})")


def _code_of(words: str) -> str:
    """`issuer: voucher was expired` is `issuer.voucher_was_expired`, as for the same words of a contract."""
    where, _, rest = words.partition(": ")
    return f"{where}.{rest}".replace(" ", "_").replace("'", "")
