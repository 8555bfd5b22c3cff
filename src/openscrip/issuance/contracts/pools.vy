# pragma version 0.4.3
# pragma evm-version cancun
"""
@title The bridge pools of one token: who else may mint and burn it, each within a bucket
@license Apache-2.0
@notice A token has no pool until the owner names one. A pool's mints fit in its bucket, which holds `capacity` and fills up
        again evenly; they are whole multiples of 1e-8 raw, as every chain can hold.
@dev    What a bucket holds is worked out from the time that passed, so no time and no number of mints makes it dearer.
"""

event PoolChanged:
    pool: indexed(address)
    capacity: uint256
    refillPerSecond: uint256


struct Pool:
    capacity: uint256    # raw, 1e-18; zero for an account that is no pool
    refill: uint256      # raw a second, never above the capacity
    level: uint256       # raw, what the bucket held at `filledAt`
    filledAt: uint256    # UTC seconds


# 1e-8 raw, the finest amount that every chain can hold
_GRAIN: constant(uint256) = 10**10
# above any supply; with it no bucket overflows in 2**64 seconds
_CAPACITY_MAX: constant(uint256) = 2**128 - 1

# --- pools by address ---
pools: HashMap[address, Pool]


@external
@view
def pool_of(pool: address) -> (uint256, uint256, uint256):
    """
    @notice Capacity, refill a second and what may be minted now, all raw; zeros for an account that is no pool.
    """
    found: Pool = self.pools[pool]
    return found.capacity, found.refill, self._available(found)


@internal
def _set(pool: address, capacity: uint256, refill: uint256):
    """
    @notice A new pool starts with a full bucket; a changed one keeps what it holds, up to its new capacity.
    """
    assert pool != empty(address), "token: pool was zero"
    assert capacity <= _CAPACITY_MAX, "token: capacity was out of bounds"
    assert refill <= capacity, "token: refill was above the capacity"
    assert (capacity == 0) == (refill == 0), "token: refill was zero"
    found: Pool = self.pools[pool]
    assert capacity != found.capacity or refill != found.refill, "token: pool was unchanged"
    level: uint256 = capacity if found.capacity == 0 else min(self._available(found), capacity)
    self.pools[pool] = Pool(capacity=capacity, refill=refill, level=level, filledAt=block.timestamp)
    log PoolChanged(pool=pool, capacity=capacity, refillPerSecond=refill)


@internal
@view
def _is_pool(account: address) -> bool:
    return self.pools[account].capacity != 0


@internal
def _take(pool: address, amount: uint256):
    """
    @notice What a pool mints leaves its bucket.
    """
    self._refuse_unless_grains(amount)
    available: uint256 = self._available(self.pools[pool])
    assert amount <= available, "token: pool was empty"
    self.pools[pool].level = unsafe_sub(available, amount)  # amount <= available, one line above
    self.pools[pool].filledAt = block.timestamp


@internal
@pure
def _refuse_unless_grains(amount: uint256):
    assert amount % _GRAIN == 0, "token: amount was finer than 1e-8"


@internal
@view
def _available(pool: Pool) -> uint256:
    return min(pool.capacity, pool.level + pool.refill * (block.timestamp - pool.filledAt))
