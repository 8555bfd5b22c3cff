"""Custody messages of ISO 20022 in a restricted profile: our own readers and writers, pure and without a schema engine.

`read_message` and `write_message` are the two ways through. Each message is a frozen record (`settlement`, `cancellation`,
`holdings`, `corporate_action`, `entitlement`) with a table of its elements beside it; `profile` reads and writes by those
tables, `values` holds the kinds of value with their units, `tree` the XML. `docs/custody-messages.md` shows the tables.
"""
