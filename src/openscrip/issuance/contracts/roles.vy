# pragma version 0.4.3
# pragma evm-version cancun
"""
@title The keys of the issuer contract
@license Apache-2.0
@notice The attestor is the second key under everything that two keys must sign, so it is never the same as another.
"""

event RolesChanged:
    issuer: indexed(address)
    attestor: indexed(address)
    corporate_action: indexed(address)
    lister: address


# signs vouchers, reports, burns and refunds
issuer: public(address)
# signs vouchers, reserve reports and multiplier changes, after reading custody and chains itself
attestor: public(address)
# signs multiplier changes
corporate_action: public(address)
# adds new tokens, and nothing else
lister: public(address)


@internal
def _set(issuer: address, attestor: address, corporate_action: address, lister: address):
    assert empty(address) not in [issuer, attestor, corporate_action, lister], "issuer: role was zero"
    assert attestor not in [issuer, corporate_action, lister], "issuer: attestor was no second key"
    self.issuer = issuer
    self.attestor = attestor
    self.corporate_action = corporate_action
    self.lister = lister
    log RolesChanged(issuer=issuer, attestor=attestor, corporate_action=corporate_action, lister=lister)
