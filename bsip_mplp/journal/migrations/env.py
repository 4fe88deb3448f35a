"""Run by Alembic: migrates over the connection that it is given, in that connection's transaction."""

from __future__ import annotations

from alembic import context

from bsip_mplp.journal.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
