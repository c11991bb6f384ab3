"""The stores the tests use are real and answer."""

import neo4j
import psycopg
import redis.asyncio

from tests.services import Neo4jAddress, Services


async def test_each_store_answers_with_its_password(services: Services) -> None:
    async with await psycopg.AsyncConnection.connect(services.postgres_url) as connection:
        assert connection.info.server_version >= 150_000
    async with redis.asyncio.Redis.from_url(services.redis_url) as client:
        assert await client.ping()
    auth = (services.neo4j_user, services.neo4j_password)
    async with neo4j.AsyncGraphDatabase.driver(services.neo4j_url, auth=auth) as driver:
        assert (await driver.get_server_info()).agent.startswith("Neo4j/5.26")


async def test_the_newer_neo4j_answers(newer_neo4j: Neo4jAddress) -> None:
    auth = (newer_neo4j.user, newer_neo4j.password)
    async with neo4j.AsyncGraphDatabase.driver(newer_neo4j.url, auth=auth) as driver:
        assert (await driver.get_server_info()).agent.startswith("Neo4j/2026.08")
