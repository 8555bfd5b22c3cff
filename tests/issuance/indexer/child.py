"""Indexes one chain page by page, and says so after each: a process to be killed. `python -m ... URL TOKEN DATABASE`."""

import sys

from openscrip.issuance.indexer.evm import EvmHistory
from openscrip.issuance.indexer.indexer import Indexer
from openscrip.issuance.indexer.store import IndexStore
from openscrip.issuance.rpc import JsonRpc

if __name__ == "__main__":
    url, token, database = sys.argv[1:]
    store = IndexStore.open(database)
    store.follow("evm", [token])
    indexer = Indexer(store, EvmHistory("evm", JsonRpc(url), tail_blocks=10_000))
    done = False
    while not done:
        print("page", flush=True)
        done = indexer.step()
    print("done", flush=True)
