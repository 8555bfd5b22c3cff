# pragma version 0.4.3
# pragma evm-version cancun
"""
@title What serves once, for ever: a voucher's request, its evidence, and the crossing that it brings in
@license Apache-2.0
"""

event RequestVoided:
    requestId: indexed(bytes32)


# --- by voucher, by kind and evidence, by kind and origin ---
request_used: public(HashMap[bytes32, bool])
evidence_used: public(HashMap[uint8, HashMap[bytes32, bool]])
origin_used: public(HashMap[uint8, HashMap[bytes32, bool]])


@internal
def _use_request(request_id: bytes32):
    assert not self.request_used[request_id], "issuer: voucher was used"
    self.request_used[request_id] = True


@internal
def _void(request_id: bytes32):
    self._use_request(request_id)
    log RequestVoided(requestId=request_id)


@internal
def _use_evidence(kind: uint8, evidence: bytes32):
    assert not self.evidence_used[kind][evidence], "issuer: evidence was used"
    self.evidence_used[kind][evidence] = True


@internal
def _use_origin(kind: uint8, origin: bytes32):
    assert not self.origin_used[kind][origin], "issuer: origin was used"
    self.origin_used[kind][origin] = True
