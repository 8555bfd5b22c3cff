# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Distributor: dividends paid in a stablecoin
@license Apache-2.0
@notice A distribution is signed by the corporate-action keys and the attestors and exists only once the payer that they
        named has paid its total in here. Each holder of the record date is paid once, against a Merkle proof, by whoever
        sends the transaction. After the claim deadline what nobody claimed goes to the receiver that they named, and
        nothing else ever leaves.
@dev    A distribution is counted by what it was funded with and what it paid, never by balance: what is sent here by
        mistake changes nothing and stays. An account on the policy's list is not paid; its claim stands until the
        deadline, and is part of the remainder afterwards. Nobody owns this contract and nothing in it can be changed; its
        keys are those of the signers contract, and what they signed before any key changed is void. A signed
        distribution that was never paid for lapses: its deadline must be 30 days away when it is opened. The event must
        stand in the register of corporate actions, and a dividend that was put into the multiplier is not paid again.
        Stablecoins that take a fee, or answer false, are refused.
"""

# digests for distributions; stateless
import typed_data
import ICorporateActions
import ISigners
from ethereum.ercs import IERC20


interface Policy:
    def isSanctioned(account: address) -> bool: view


interface Issuer:
    def feed_of(token: address) -> address: view
    def actions() -> address: view


event DistributionCreated:
    distributionId: indexed(bytes32)
    eventId: indexed(bytes32)
    token: indexed(address)
    stablecoin: address
    root: bytes32
    total: uint256
    recordAt: uint64
    recordBlock: uint64
    claimDeadline: uint64
    remainderReceiver: address
    payer: address


event Paid:
    distributionId: indexed(bytes32)
    account: indexed(address)
    index: uint256
    amount: uint256


event Withheld:
    distributionId: indexed(bytes32)
    account: indexed(address)
    index: uint256
    amount: uint256


event RemainderReturned:
    distributionId: indexed(bytes32)
    receiver: indexed(address)
    amount: uint256


struct Distribution:
    eventId: bytes32            # the corporate action's, as the register announced it for this token
    token: address              # the stock token whose holders are paid
    stablecoin: address
    root: bytes32
    total: uint256              # atoms of the stablecoin
    recordAt: uint64            # UTC seconds, of the block below
    recordBlock: uint64         # holders are those at its end; as the chain's nodes count, not as block.number does
    claimDeadline: uint64       # UTC seconds, the last in which a claim is paid
    remainderReceiver: address
    payer: address              # who alone opens it, with their own money; a superseded one is opened by nobody else
    signerEpoch: uint64         # of the signers contract


struct Standing:
    stablecoin: address
    root: bytes32
    total: uint256
    paid: uint256
    claimDeadline: uint256
    remainderReceiver: address
    returned: bool


struct Payment:
    index: uint256
    account: address
    amount: uint256
    proof: DynArray[bytes32, 32]


_NAME: constant(bytes32) = keccak256("Openscrip Distributor")
_DISTRIBUTION_TYPE: constant(bytes32) = keccak256(
    "Distribution(bytes32 eventId,address token,address stablecoin,bytes32 root,uint256 total,uint64 recordAt,uint64 recordBlock,uint64 claimDeadline,address remainderReceiver,address payer,uint64 signerEpoch)"
)
# holders have time to claim, and a deadline in milliseconds is no deadline
_CLAIM_S_MIN: constant(uint256) = 30 * 86_400
_CLAIM_S_MAX: constant(uint256) = 10 * 366 * 86_400
_BATCH_MAX: constant(uint256) = 50
# roles of the signers contract
_ATTESTOR: constant(uint8) = 2
_CORPORATE_ACTION: constant(uint8) = 3
# states and a kind of the register of corporate actions
_ANNOUNCED: constant(uint8) = 1
_CANCELLED: constant(uint8) = 5
_CORRECTED: constant(uint8) = 6
_CASH_DIVIDEND: constant(bytes4) = 0x44564341  # DVCA

policy: public(immutable(Policy))
signers: public(immutable(ISigners))
issuer: public(immutable(Issuer))
actions: public(immutable(ICorporateActions))

# --- distributions by id; a stablecoin of zero for one that does not exist ---
distributions: public(HashMap[bytes32, Standing])
# --- who was paid: 256 indices to a word ---
paid_words: HashMap[bytes32, HashMap[uint256, uint256]]


@deploy
def __init__(policy_: Policy, signers_: ISigners, issuer_: Issuer):
    assert policy_.address != empty(address), "distributor: policy was zero"
    assert signers_.address != empty(address), "distributor: signers was zero"
    assert issuer_.address != empty(address), "distributor: issuer was zero"
    policy = policy_
    signers = signers_
    issuer = issuer_
    actions = ICorporateActions(staticcall issuer_.actions())


# ------------------------------------------------------------------ create


@external
@nonreentrant
def create(
    distribution: Distribution, corporate_action_signatures: Bytes[455], attestor_signatures: Bytes[455]
) -> bytes32:
    """
    @notice Takes the total from the payer, who calls and approved it before, and opens the distribution for claims. One
            per event and token, for ever.
    """
    self._refuse_unless_signed(distribution, corporate_action_signatures, attestor_signatures)
    self._refuse_unless_sound(distribution)
    id: bytes32 = self._id(distribution.eventId, distribution.token)
    assert self.distributions[id].stablecoin == empty(address), "distributor: event was distributed"

    before: uint256 = staticcall IERC20(distribution.stablecoin).balanceOf(self)
    assert extcall IERC20(distribution.stablecoin).transferFrom(
        msg.sender, self, distribution.total, default_return_value=True
    ), "distributor: transfer failed"
    after: uint256 = staticcall IERC20(distribution.stablecoin).balanceOf(self)
    assert after == before + distribution.total, "distributor: another amount was received"

    self.distributions[id] = Standing(
        stablecoin=distribution.stablecoin, root=distribution.root, total=distribution.total, paid=0,
        claimDeadline=convert(distribution.claimDeadline, uint256),
        remainderReceiver=distribution.remainderReceiver, returned=False
    )
    log DistributionCreated(
        distributionId=id, eventId=distribution.eventId, token=distribution.token,
        stablecoin=distribution.stablecoin, root=distribution.root, total=distribution.total,
        recordAt=distribution.recordAt, recordBlock=distribution.recordBlock,
        claimDeadline=distribution.claimDeadline, remainderReceiver=distribution.remainderReceiver, payer=msg.sender
    )
    return id


# ------------------------------------------------------------------ pay


@external
@nonreentrant
def claim(distribution_id: bytes32, payment: Payment):
    """
    @notice Pays an account what it is due; anyone may ask, only the account is paid.
    """
    self._refuse_unless_open(distribution_id)
    self._refuse_unless_due(distribution_id, payment)
    assert not self._is_paid(distribution_id, payment.index), "distributor: claim was paid"
    assert not staticcall policy.isSanctioned(payment.account), "distributor: account was listed"
    self._pay(distribution_id, payment)


@external
@nonreentrant
def push(distribution_id: bytes32, payments: DynArray[Payment, _BATCH_MAX]):
    """
    @notice As many claims in one transaction. Who was paid meanwhile is left out, and so is who is listed; a payment that
            nobody is due, or that the stablecoin refuses, undoes the batch.
    """
    self._refuse_unless_open(distribution_id)
    assert len(payments) > 0, "distributor: batch was empty"
    for payment: Payment in payments:
        self._refuse_unless_due(distribution_id, payment)
        if self._is_paid(distribution_id, payment.index):
            continue
        if staticcall policy.isSanctioned(payment.account):
            log Withheld(
                distributionId=distribution_id, account=payment.account, index=payment.index, amount=payment.amount
            )
            continue
        self._pay(distribution_id, payment)


@external
@nonreentrant
def return_remainder(distribution_id: bytes32):
    """
    @notice After the deadline, sends what nobody claimed to the receiver that both keys named, once; anyone may ask.
    """
    standing: Standing = self._standing(distribution_id)
    assert block.timestamp > standing.claimDeadline, "distributor: deadline was not over"
    assert not standing.returned, "distributor: remainder was returned"
    assert not staticcall policy.isSanctioned(standing.remainderReceiver), "distributor: receiver was listed"
    remainder: uint256 = standing.total - standing.paid
    assert remainder > 0, "distributor: nothing was left"
    self.distributions[distribution_id].returned = True
    log RemainderReturned(distributionId=distribution_id, receiver=standing.remainderReceiver, amount=remainder)
    self._send(standing.stablecoin, standing.remainderReceiver, remainder)


# ------------------------------------------------------------------ views


@external
@view
def distribution_id(event_id: bytes32, token: address) -> bytes32:
    """
    @notice The id that leaves carry: of this event and token, in this contract, on this chain.
    """
    return self._id(event_id, token)


@external
@view
def is_paid(distribution_id: bytes32, index: uint256) -> bool:
    return self._is_paid(distribution_id, index)


@external
@view
def DOMAIN_SEPARATOR() -> bytes32:
    return typed_data._domain_separator(_NAME)


# ------------------------------------------------------------------ internal


@internal
@view
def _refuse_unless_signed(
    distribution: Distribution, corporate_action_signatures: Bytes[455], attestor_signatures: Bytes[455]
):
    by_corporate_action: bool = False
    by_attestor: bool = False
    by_corporate_action, by_attestor = staticcall signers.signed_by_two(
        typed_data._digest(_NAME, keccak256(abi_encode(_DISTRIBUTION_TYPE, distribution))),
        _CORPORATE_ACTION, corporate_action_signatures, _ATTESTOR, attestor_signatures
    )
    assert by_corporate_action, "distributor: corporate action signature was wrong"
    assert by_attestor, "distributor: attestor signature was wrong"
    assert distribution.signerEpoch == staticcall signers.signerEpoch(), "distributor: signer epoch was not in force"
    assert distribution.payer == msg.sender, "distributor: caller was not the payer"


@internal
@view
def _refuse_unless_sound(distribution: Distribution):
    assert staticcall issuer.feed_of(distribution.token) != empty(address), "distributor: token was not registered"
    self._refuse_unless_payable(distribution.eventId, distribution.token)
    assert distribution.stablecoin.is_contract, "distributor: stablecoin was no contract"
    assert distribution.root != empty(bytes32), "distributor: root was zero"
    assert distribution.total > 0, "distributor: total was zero"
    assert convert(distribution.recordAt, uint256) <= block.timestamp, "distributor: record date was in the future"
    deadline: uint256 = convert(distribution.claimDeadline, uint256)
    assert deadline >= block.timestamp + _CLAIM_S_MIN, "distributor: deadline was too near"
    assert deadline <= block.timestamp + _CLAIM_S_MAX, "distributor: deadline was too far"
    assert distribution.remainderReceiver not in [empty(address), self], "distributor: receiver was nobody"
    assert not staticcall policy.isSanctioned(distribution.remainderReceiver), "distributor: receiver was listed"


@internal
@view
def _refuse_unless_payable(event_id: bytes32, token: address):
    """
    @notice Whatever else comes of other kinds of action, such as cash for fractions, may be paid beside them.
    """
    action: ICorporateActions.CorporateAction = staticcall actions.action(event_id)
    assert action.token == token, "distributor: event was not announced for the token"
    state: uint8 = staticcall actions.state_of(event_id)
    assert state not in [_CANCELLED, _CORRECTED], "distributor: event was taken back"
    assert action.kind != _CASH_DIVIDEND or state == _ANNOUNCED, "distributor: dividend was reinvested"


@internal
@view
def _standing(id: bytes32) -> Standing:
    standing: Standing = self.distributions[id]
    assert standing.stablecoin != empty(address), "distributor: distribution was unknown"
    return standing


@internal
@view
def _refuse_unless_open(id: bytes32):
    assert block.timestamp <= self._standing(id).claimDeadline, "distributor: deadline was over"


@internal
@view
def _refuse_unless_due(id: bytes32, payment: Payment):
    """
    @notice The leaf is hashed twice, so that no inner node can be passed off as one.
    """
    node: bytes32 = keccak256(keccak256(abi_encode(id, payment.index, payment.account, payment.amount)))
    for sibling: bytes32 in payment.proof:
        if convert(node, uint256) < convert(sibling, uint256):
            node = keccak256(concat(node, sibling))
        else:
            node = keccak256(concat(sibling, node))
    assert node == self.distributions[id].root, "distributor: proof was wrong"


@internal
@view
def _is_paid(id: bytes32, index: uint256) -> bool:
    return self.paid_words[id][index >> 8] & (1 << (index & 255)) != 0


@internal
def _pay(id: bytes32, payment: Payment):
    """
    @notice What a distribution pays never passes what it was funded with, whatever its tree says.
    """
    self.paid_words[id][payment.index >> 8] |= 1 << (payment.index & 255)
    paid: uint256 = self.distributions[id].paid + payment.amount
    assert paid <= self.distributions[id].total, "distributor: total was paid"
    self.distributions[id].paid = paid
    log Paid(distributionId=id, account=payment.account, index=payment.index, amount=payment.amount)
    self._send(self.distributions[id].stablecoin, payment.account, payment.amount)


@internal
def _send(stablecoin: address, to: address, amount: uint256):
    """
    @notice Exactly `amount` leaves and exactly `amount` arrives.
    """
    assert to != self, "distributor: account was the distributor"
    held: uint256 = staticcall IERC20(stablecoin).balanceOf(self)
    owned: uint256 = staticcall IERC20(stablecoin).balanceOf(to)
    assert extcall IERC20(stablecoin).transfer(to, amount, default_return_value=True), "distributor: transfer failed"
    assert staticcall IERC20(stablecoin).balanceOf(self) + amount == held, "distributor: another amount was sent"
    assert staticcall IERC20(stablecoin).balanceOf(to) == owned + amount, "distributor: another amount was received"


@internal
@view
def _id(event_id: bytes32, token: address) -> bytes32:
    return keccak256(abi_encode(chain.id, self, event_id, token))
