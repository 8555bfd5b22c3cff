"""The database's history, applied in order by Alembic. To change a table, add a file to `versions` and move `HEAD`."""

HEAD = "0005"
"""The newest revision; a database that is stamped with it starts without loading Alembic."""
VERSION_TABLE = "alembic_version"
"""Where the revision stands."""
