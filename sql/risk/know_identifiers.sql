-- name:    risk/know_identifiers
-- does:    Keep which identifiers that may stand on the blacklist members were seen with; one known already stays.
-- mode:    write
-- params:  brand: str, member_ids: list[str], kinds: list[str], tokens: list[str], seqs: list[int]
-- returns: nothing
-- bound:   1,000 events (STRETCH_EVENTS_MAX) of at most 50 identifiers
INSERT INTO member_identifier (brand, member_id, kind, token, seq)
SELECT %(brand)s, told.member_id, told.kind, told.token, told.seq
FROM unnest(%(member_ids)s::text[], %(kinds)s::text[], %(tokens)s::text[], %(seqs)s::bigint[]) AS told (member_id, kind, token, seq)
ON CONFLICT (brand, member_id, kind, token) DO NOTHING;
