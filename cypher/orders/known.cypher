// name:    orders/known
// does:    Which of these orders the graph holds already, with the print of their content.
// mode:    read
// params:  keys: list[str]
// returns: key: str, data_print: str
// bound:   1,000 orders (STRETCH_EVENTS_MAX)
UNWIND $keys AS key
MATCH (o:Order {key: key})
RETURN o.key AS key, o.data_print AS data_print
