"""The second API for programs: a client made from its document (`generated`), and a thin reader with typed amounts."""

from openscrip.client.public.hooks import checked_telling
from openscrip.client.public.reader import MultiplierRead, PriceRead, ProofRead, PublicReader, SupplyRead

__all__ = ("MultiplierRead", "PriceRead", "ProofRead", "PublicReader", "SupplyRead", "checked_telling")
