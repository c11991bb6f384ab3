// name:    projector/clear_space
// does:    Delete some of a space's nodes with all their relationships; repeat until none is left.
// mode:    write
// params:  prefix: str, count: int
// returns: deleted: int
// bound:   count nodes per call
CALL () {
  MATCH (n:Member) WHERE n.key STARTS WITH $prefix RETURN n LIMIT $count
  UNION ALL MATCH (n:Order) WHERE n.key STARTS WITH $prefix RETURN n LIMIT $count
  UNION ALL MATCH (n:Account) WHERE n.key STARTS WITH $prefix RETURN n LIMIT $count
  UNION ALL MATCH (n:Device) WHERE n.key STARTS WITH $prefix RETURN n LIMIT $count
  UNION ALL MATCH (n:Ip) WHERE n.key STARTS WITH $prefix RETURN n LIMIT $count
  UNION ALL MATCH (n:Address) WHERE n.key STARTS WITH $prefix RETURN n LIMIT $count
  UNION ALL MATCH (n:Phone) WHERE n.key STARTS WITH $prefix RETURN n LIMIT $count
  UNION ALL MATCH (n:PayoutAccount) WHERE n.key STARTS WITH $prefix RETURN n LIMIT $count
  UNION ALL MATCH (n:IdCard) WHERE n.key STARTS WITH $prefix RETURN n LIMIT $count
  UNION ALL MATCH (n:UnionId) WHERE n.key STARTS WITH $prefix RETURN n LIMIT $count
}
WITH n LIMIT $count
DETACH DELETE n
RETURN count(*) AS deleted
