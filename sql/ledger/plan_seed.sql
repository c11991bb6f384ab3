-- name:    ledger/plan_seed
-- does:    Publish the first version of a plan unless there is one.
-- mode:    write
-- params:  plan_id: str, document: str, person: str, at: datetime
-- returns: nothing
-- bound:   one row
INSERT INTO plan_version (brand, plan_id, version, document, created_by, created_at, published_at, published_by)
VALUES (current_setting('trefoil.brand'), %(plan_id)s, 1, %(document)s::jsonb, %(person)s, %(at)s, %(at)s, %(person)s)
ON CONFLICT DO NOTHING;
