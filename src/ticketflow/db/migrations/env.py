"""Alembic's entry point. Migrations run through `ticketflow.db.migrations`, which hands over the connection."""

from alembic import context

from ticketflow.db.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
