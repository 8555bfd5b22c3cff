"""Which accounts a program owns, and which token accounts belong to a holder, a mint or a delegate, without a scan."""

from dataclasses import dataclass, field

from solders.account import Account
from solders.pubkey import Pubkey

from openscrip.issuance.nodes.solana.token_accounts import TOKEN_PROGRAMS, delegate_of, is_token_account

_Entry = tuple[tuple[str, bytes], ...]


@dataclass(slots=True)
class AccountIndex:
    """Keys by what their account says. It is told of every account that may have changed."""

    _said: dict[Pubkey, _Entry] = field(default_factory=dict)
    _keys: dict[tuple[str, bytes], dict[Pubkey, None]] = field(default_factory=dict)

    def put(self, key: Pubkey, account: Account | None) -> None:
        """Take note of the account as it is now; None when it is gone."""
        says = _entry(account)
        said = self._said.get(key, ())
        if says == said:
            return
        for part in said:
            self._keys[part].pop(key, None)
        for part in says:
            self._keys.setdefault(part, {})[key] = None
        if says:
            self._said[key] = says
        else:
            del self._said[key]

    def everybody(self) -> list[Pubkey]:
        """Every account that there is."""
        return list(self._said)

    def owned_by(self, program: Pubkey) -> list[Pubkey]:
        """Every account of `program`."""
        return self._find("program", program)

    def held_by(self, holder: Pubkey) -> list[Pubkey]:
        """The token accounts whose holder this is."""
        return self._find("holder", holder)

    def of_mint(self, mint: Pubkey) -> list[Pubkey]:
        """The token accounts of `mint`."""
        return self._find("mint", mint)

    def delegated_to(self, delegate: Pubkey) -> list[Pubkey]:
        """The token accounts from which `delegate` may move."""
        return self._find("delegate", delegate)

    def _find(self, part: str, key: Pubkey) -> list[Pubkey]:
        return list(self._keys.get((part, bytes(key)), ()))


def _entry(account: Account | None) -> _Entry:
    if account is None:
        return ()
    program = ("program", bytes(account.owner))
    if account.owner not in TOKEN_PROGRAMS:
        return (program,)
    data = bytes(account.data)
    if not is_token_account(data):
        return (program,)
    mine = (program, ("holder", data[32:64]), ("mint", data[:32]))
    delegate = delegate_of(data)
    return mine if delegate is None else (*mine, ("delegate", delegate))
