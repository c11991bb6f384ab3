"""Drivers of the stores: Postgres, Neo4j, Redis, typed query files, migrations."""
