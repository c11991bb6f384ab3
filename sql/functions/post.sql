-- Post journals of the brand this transaction is open for, all or none.
-- Journals are given by position (arrays of equal length), their entries as (position of the journal, account, member,
-- amount), in order of journal. Refuses (P0001) an unknown account, a journal without entries or that does not sum to
-- zero, an accrual to more than three members; (23514) a balance below its floor when all is posted.
-- A journal whose kind, subject and cause were posted before is left out, and its position returned.
-- Rows are found by unique indexes alone, so no plan made while tables were small can become a slow one.
CREATE OR REPLACE FUNCTION post(
  p_recorded_at timestamptz,
  p_kind text[], p_subject text[], p_cause text[], p_effective_at timestamptz[],
  p_position int[], p_account text[], p_member text[], p_amount_fen bigint[]
) RETURNS TABLE (repeated int)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE
  v_brand    constant text := current_setting('trefoil.brand');
  v_count    constant int := cardinality(p_kind);
  v_us       constant text := chr(31);
  v_rs       constant text := chr(30);
  v_recorded constant text := (extract(epoch FROM p_recorded_at) * 1000000)::bigint;
  v_head     ledger_head;
  v_fresh    boolean[] := array_fill(true, ARRAY[v_count]);
  v_looked   boolean := false;
  v_starts   int[] := array_fill(0, ARRAY[v_count]);         -- where each journal's entries begin
  v_numbers  bigint[];
  v_hashes   bytea[];
  v_seen     int;
  v_broken   text;
  r          record;
BEGIN
  IF v_brand = '' THEN RAISE EXCEPTION 'no brand is open'; END IF;
  IF EXISTS (SELECT unnest(p_account) EXCEPT SELECT account FROM account) THEN
    RAISE EXCEPTION 'an entry names an account that is not in the chart';
  END IF;
  INSERT INTO ledger_head VALUES (v_brand, 0, sha256(convert_to(v_brand, 'UTF8'))) ON CONFLICT DO NOTHING;

  LOOP  -- once; a second time when journals turn out to be posted already
    SELECT * INTO v_head FROM ledger_head WHERE brand = v_brand FOR UPDATE;
    v_numbers := array_fill(0::bigint, ARRAY[v_count]);
    v_hashes := array_fill(NULL::bytea, ARRAY[v_count]);
    v_seen := 0;
    FOR r IN
      SELECT position AS at, min(n)::int AS start, sum(amount) AS total, count(member) AS members,
             string_agg(account || v_us || coalesce(member, '') || v_us || amount, v_rs ORDER BY n) AS entries
      FROM unnest(p_position, p_account, p_member, p_amount_fen) WITH ORDINALITY u(position, account, member, amount, n)
      GROUP BY position ORDER BY position
    LOOP
      v_seen := v_seen + 1;
      IF r.at <> v_seen THEN RAISE EXCEPTION 'journal % has no entries', v_seen; END IF;
      IF r.total <> 0 THEN RAISE EXCEPTION 'journal % is out of balance by % fen', r.at, r.total; END IF;
      IF p_kind[r.at] = 'accrual' AND r.members > 3 THEN
        RAISE EXCEPTION 'journal % pays more than three members', r.at;
      END IF;
      CONTINUE WHEN NOT v_fresh[r.at];
      v_head.number := v_head.number + 1;
      v_head.hash := sha256(v_head.hash || convert_to(
        concat_ws(v_us, v_head.number::text, p_kind[r.at], p_subject[r.at], p_cause[r.at],
                  ((extract(epoch FROM p_effective_at[r.at]) * 1000000)::bigint)::text, v_recorded)
        || v_rs || r.entries, 'UTF8'));
      v_numbers[r.at] := v_head.number;
      v_hashes[r.at] := v_head.hash;
      v_starts[r.at] := r.start;
    END LOOP;
    IF v_seen <> v_count THEN RAISE EXCEPTION 'journal % has no entries', v_seen + 1; END IF;

    BEGIN
      INSERT INTO journal (brand, number, kind, subject, cause, recorded_at, hash)
      SELECT v_brand, number, kind, subject, cause, p_recorded_at, hash
      FROM unnest(v_numbers, p_kind, p_subject, p_cause, v_hashes) u(number, kind, subject, cause, hash)
      WHERE number > 0;
      EXIT;
    EXCEPTION WHEN unique_violation THEN  -- new are: not in the books, and the first of their key here
      IF v_looked THEN RAISE; END IF;  -- repeats were left out: the head of the books is behind their last journal
      v_looked := true;
      SELECT array_agg(n = first AND NOT EXISTS (
               SELECT FROM journal j
               WHERE j.brand = v_brand AND j.subject = g.subject AND j.kind = g.kind AND j.cause = g.cause) ORDER BY n)
      INTO v_fresh
      FROM (SELECT kind, subject, cause, n, min(n) OVER (PARTITION BY subject, kind, cause) AS first
            FROM unnest(p_kind, p_subject, p_cause) WITH ORDINALITY u(kind, subject, cause, n)) g;
    END;
  END LOOP;

  INSERT INTO entry (brand, number, place, account, member_id, amount_fen, effective_at)
  SELECT v_brand, v_numbers[position], n - v_starts[position], account, member, amount, p_effective_at[position]
  FROM unnest(p_position, p_account, p_member, p_amount_fen) WITH ORDINALITY u(position, account, member, amount, n)
  WHERE v_numbers[position] > 0;

  WITH balanced AS (
    INSERT INTO member_balance AS b (brand, member_id, account, balance_fen, last_debit_at, last_credit_at)
    SELECT v_brand, member, account, sum(amount), max(p_effective_at[position]) FILTER (WHERE amount > 0),
           max(p_effective_at[position]) FILTER (WHERE amount < 0)
    FROM unnest(p_position, p_account, p_member, p_amount_fen) u(position, account, member, amount)
    WHERE member IS NOT NULL AND v_numbers[position] > 0
    GROUP BY member, account
    ON CONFLICT (brand, member_id, account) DO UPDATE
    SET balance_fen = b.balance_fen + excluded.balance_fen,
        last_debit_at = greatest(b.last_debit_at, excluded.last_debit_at),
        last_credit_at = greatest(b.last_credit_at, excluded.last_credit_at)
    RETURNING b.member_id, b.account, b.balance_fen
  )
  SELECT format('account %s of %s would be %s fen below its floor', account, member_id, abs(balance_fen)) INTO v_broken
  FROM balanced
  WHERE (account LIKE '2241.%' AND balance_fen > 0) OR (account = '1221.21' AND balance_fen < 0);
  IF v_broken IS NOT NULL THEN RAISE EXCEPTION '%', v_broken USING ERRCODE = 'check_violation'; END IF;

  UPDATE ledger_head SET number = v_head.number, hash = v_head.hash WHERE brand = v_brand;
  RETURN QUERY SELECT n::int FROM unnest(v_fresh) WITH ORDINALITY u(fresh, n) WHERE NOT fresh ORDER BY n;
END $$;
REVOKE ALL ON FUNCTION post FROM PUBLIC;
GRANT EXECUTE ON FUNCTION post TO trefoil_app;
