"""What Alembic runs: the pending revisions, on the connection that `database.upgrade` hands over."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], version_table=context.config.attributes["version_table"])
context.run_migrations()
