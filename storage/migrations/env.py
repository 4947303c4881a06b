"""Lets Alembic run the ledger's migrations on the connection that the ledger hands over."""

from alembic import context

from storage.ledger.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,  # the caller's transaction holds all of it
)
context.run_migrations()
