// name:    projector/clear_space
// does:    Delete some of a space's nodes with all their relationships; repeat until none is left.
// mode:    write
// params:  prefix: str, count: int
// returns: deleted: int
// bound:   count nodes per call, and the few that each points at
CALL () {
  MATCH (n:Member) WHERE n.key STARTS WITH $prefix RETURN n LIMIT $count
  UNION ALL MATCH (n:Order) WHERE n.key STARTS WITH $prefix RETURN n LIMIT $count
  UNION ALL MATCH (n:Account) WHERE n.key STARTS WITH $prefix RETURN n LIMIT $count
  UNION ALL MATCH (n:Identifier) WHERE n.key STARTS WITH $prefix RETURN n LIMIT $count
}
WITH n LIMIT $count
// graphs of the first model have identifiers by other labels: they are found by what points at them
OPTIONAL MATCH (n)-->(x)
WITH collect(n) + collect(x) AS found
UNWIND found AS n
WITH DISTINCT n
DETACH DELETE n
RETURN count(*) AS deleted
