"""The index's own history. It can be read anew from the chains, so it lies apart from the books and never slows them."""

HEAD = "0004"
"""The newest revision."""
VERSION_TABLE = "index_version"
"""Where the revision stands, beside the books' own where both share a database."""
