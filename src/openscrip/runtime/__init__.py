"""Machinery without business: settings, database, ledger, stores, outbox, worker, keys."""
