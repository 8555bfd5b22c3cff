"""The history of the FIX session's tables: in the project's database on PostgreSQL, in a file of their own on SQLite."""

HEAD = "0001"
"""The newest revision."""
VERSION_TABLE = "fix_version"
"""Where the revision stands, beside the books' own where both share a database."""
