# pragma version 0.4.3
# pragma evm-version cancun
"""
@title What a token is called, which share it stands for, and on which terms
@license Apache-2.0
@notice The ISIN is set as the token comes into being, so that it alone decides the token's address; name and symbol are
        set once after it. Terms and contract metadata (ERC-7572) are the owner's to set: an address of a document, or the
        document itself as a `data:` address, long enough to repeat the longest name.
"""

event TermsUpdated:
    terms: String[512]


# ERC-7572
event ContractURIUpdated:
    pass


# --- set once; the ISIN first ---
isin: public(String[12])
name: public(String[64])
symbol: public(String[20])
# --- set by the owner; terms also at the listing ---
terms: public(String[512])
contractURI: public(String[512])


@internal
def _begin(isin: String[12]):
    assert len(isin) == 12, "token: identity was incomplete"
    self.isin = isin


@internal
def _initialize(name: String[64], symbol: String[20], terms: String[512]):
    """
    @notice Without terms they stay empty until the owner sets them.
    """
    assert len(name) > 0 and len(symbol) > 0, "token: identity was incomplete"
    self.name = name
    self.symbol = symbol
    if len(terms) > 0:
        self._set_terms(terms)


@internal
def _set_terms(terms: String[512]):
    assert len(terms) > 0, "token: terms were empty"
    assert keccak256(terms) != keccak256(self.terms), "token: terms were unchanged"
    self.terms = terms
    log TermsUpdated(terms=terms)


@internal
def _set_contract_uri(uri: String[512]):
    assert len(uri) > 0, "token: contract URI was empty"
    assert keccak256(uri) != keccak256(self.contractURI), "token: contract URI was unchanged"
    self.contractURI = uri
    log ContractURIUpdated()


@internal
@view
def _name_hash() -> bytes32:
    return keccak256(self.name)
