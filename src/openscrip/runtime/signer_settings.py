"""Settings of the signer: whether the platform's keys are in a process of their own."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SignerLine:
    """Where keys sign; while `address` is empty, in the platform's own process from files."""

    address: str = ""
    """`unix:PATH` or `127.0.0.1:PORT` of `openscrip signer`, or of what speaks its protocol before an HSM or KMS."""
    token_file: str = ""
    """File of mode 600 with the shared token; empty: `DATA/signer/token`, made by the signer."""
    per_minute: int = 600
    """How many signatures of one role the signer gives in a minute."""
