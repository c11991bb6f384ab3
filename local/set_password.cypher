// name:    set_password
// does:    Replaces the password every new server starts with; the server accepts nothing else before.
// mode:    write
// params:  new: str
// returns:
// bound:   1 user
ALTER CURRENT USER SET PASSWORD FROM 'neo4j' TO $new
