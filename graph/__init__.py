"""Members, identifiers, the referral tree, and the questions asked of them: decided by Cypher, kept in Neo4j."""
