# pragma version 0.4.3
# pragma evm-version cancun
"""
@title What a token is called, which share it stands for, and on which terms
@license Apache-2.0
@notice Name, symbol and ISIN are set once. Terms and contract metadata (ERC-7572) are the owner's to set: an address of
        a document, or the document itself as a `data:` address, long enough to repeat the longest name.
"""

event TermsUpdated:
    terms: String[512]


# ERC-7572
event ContractURIUpdated:
    pass


# --- set once ---
name: public(String[64])
symbol: public(String[20])
isin: public(String[12])
# --- set by the owner; empty until then ---
terms: public(String[512])
contractURI: public(String[512])


@internal
def _begin(name: String[64], symbol: String[20], isin: String[12]):
    assert len(name) > 0 and len(symbol) > 0 and len(isin) == 12, "token: identity was incomplete"
    self.name = name
    self.symbol = symbol
    self.isin = isin


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
