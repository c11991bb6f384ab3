-- name:    ledger/plans_published
-- does:    Every published version of every plan.
-- mode:    read
-- params:  nothing
-- returns: version: int, document: map
-- bound:   the plan versions of one brand
SELECT version, document FROM plan_version
WHERE brand = current_setting('trefoil.brand') AND published_at IS NOT NULL
ORDER BY plan_id, version;
