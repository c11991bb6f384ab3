-- name:    evidence/fold
-- does:    Put the evidence of a brand into one row for each table.
-- mode:    write
-- params:  nothing
-- returns: folded: int
-- bound:   one row; what was written since it was done last
SELECT fold_evidence() AS folded;
