-- name:    brands/install
-- does:    Remember which clock this installation lives by.
-- mode:    write
-- params:  clock: str
-- returns: nothing
-- bound:   one row
INSERT INTO installation (clock) VALUES (%(clock)s) ON CONFLICT (only_row) DO NOTHING;
