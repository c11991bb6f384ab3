-- name:    evidence/seals_page
-- does:    Seals in order, from after a number on.
-- mode:    read
-- params:  after: int, count_max: int
-- returns: number: int, document: map
-- bound:   count_max seals (PAGE_ITEMS_MAX)
SELECT number, document FROM seal
WHERE brand = current_setting('trefoil.brand') AND number > %(after)s
ORDER BY number LIMIT %(count_max)s;
