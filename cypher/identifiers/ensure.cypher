// name:    identifiers/ensure
// does:    Make the identifiers that events of a batch speak of for the first time; the label of its kind is for the eye.
// mode:    write
// params:  rows: list[map]
// returns: nothing
// bound:   1,000 events (STRETCH_EVENTS_MAX) of at most 50 identifiers; a row: key, brand, label, token, links, building, place
UNWIND $rows AS row
MERGE (x:Identifier {key: row.key})
  ON CREATE SET x:$(row.label), x.brand = row.brand, x.token = row.token, x.links = row.links,
                x.building = row.building, x.place = row.place
