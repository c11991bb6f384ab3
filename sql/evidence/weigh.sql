-- name:    evidence/weigh
-- does:    How the rows of a table stand to what the platform wrote into it: how many, and whether their prints add up.
-- mode:    read
-- params:  book: str
-- returns: rows_kept: int, rows_written: int, same: bool
-- bound:   one row; reads the brand's rows of one table, summed up where they lie
SELECT rows_kept, rows_written, same FROM weigh_evidence(%(book)s);
