"""What the books, the chains and the custodians say, arranged for reading: no HTTP, no JSON, no HTML.

Each reader takes a view of the store and answers with frozen dataclasses of typed quantities. It asks a fixed number of
questions, whatever there is to read: rows one by one are never asked for. To add one: a module named after what it reads.
"""
