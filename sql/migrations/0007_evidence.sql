-- Evidence: of each table that says what was told, decided or booked, how many rows the platform wrote and the sum of
-- their prints. Whoever changes, adds or removes a row otherwise leaves a table that is not the sum of its evidence. Prints
-- are added up, so that writers of one table never wait for each other. A print is made of Postgres's own hashes, which
-- cost a tenth of a digest and are meant to find changes, not forgers: against those who write evidence too stand seals.

CREATE TABLE evidence (                                -- one row for each statement that wrote; folded now and then
  brand      text NOT NULL,
  book       text NOT NULL,                            -- the table
  row_count  bigint NOT NULL,                          -- how many rows more
  prints     numeric NOT NULL                          -- sum of their prints
);
CREATE INDEX evidence_of_book ON evidence (brand, book);
GRANT SELECT ON evidence TO trefoil_app;               -- written by the functions below alone
CALL isolate_brands('evidence');

-- JSON of orders is covered by a digest that the platform makes when it writes it; null: written before there was one.
ALTER TABLE paid_order ADD COLUMN json_print bytea;

-- The print of a row, as an expression over it: a hash of all its plain columns, and one of the text of each column of JSON
-- with the row's key (the hash of JSON itself does not see how deep a thing lies). Left out is JSON that a digest in the row
-- covers: the chain's hash that of events, json_print that of orders.
CREATE FUNCTION print_of(t regclass, a_row text) RETURNS text LANGUAGE sql STABLE AS $$
  WITH parts AS (
    SELECT attnum, format('%s.%I', a_row, attname) AS col, atttypid = 'jsonb'::regtype AS json, attnum = ANY(i.indkey) AS key
    FROM pg_attribute a JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
    WHERE attrelid = t AND attnum > 0 AND NOT attisdropped
      AND NOT (t = 'paid_order'::regclass AND atttypid = 'jsonb'::regtype)
      AND NOT (t = 'event_log'::regclass AND attname = 'data')
  ), keys AS (
    SELECT string_agg(col, ', ' ORDER BY attnum) AS list FROM parts WHERE key
  )
  SELECT string_agg(said, ' + ') FROM (
    SELECT format('hash_record_extended(ROW(%s), 0)::numeric', string_agg(col, ', ' ORDER BY attnum)) FROM parts WHERE NOT json
    UNION ALL
    SELECT format('hash_record_extended(ROW(%s, %s::text), %s)::numeric', list, col, attnum) FROM parts, keys WHERE json
  ) AS p (said)
$$;

-- From now on evidence is kept of these tables, beginning with the rows they hold. A migration that adds or drops a column
-- of such a table calls it again: every print is of all columns. The triggers add what the platform writes. What anybody
-- else writes, the owner of the database above all, they leave out; it is found later. The role stays the platform's also
-- inside functions that run as the owner.
CREATE PROCEDURE begin_evidence(VARIADIC tables regclass[]) LANGUAGE plpgsql AS $$
DECLARE
  t       regclass;
  v_name  text;
BEGIN
  FOREACH t IN ARRAY tables LOOP
    v_name := 'evidence_of_' || t;
    EXECUTE format($make$
      CREATE OR REPLACE FUNCTION %1$I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
      SET search_path = public, pg_temp AS $body$
      BEGIN
        IF current_setting('role') <> 'trefoil_app' THEN RETURN NULL; END IF;
        IF TG_OP = 'INSERT' THEN
          INSERT INTO evidence (brand, book, row_count, prints)
          SELECT brand, %2$L, count(*), sum(%3$s) FROM new_rows n GROUP BY brand;
        ELSIF TG_OP = 'UPDATE' THEN
          INSERT INTO evidence (brand, book, row_count, prints)
          SELECT brand, %2$L, 0, sum(print)
          FROM (SELECT brand, %3$s FROM new_rows n UNION ALL SELECT brand, -(%4$s) FROM old_rows o) AS moved (brand, print)
          GROUP BY brand;
        ELSE
          INSERT INTO evidence (brand, book, row_count, prints)
          SELECT brand, %2$L, -count(*), -sum(%4$s) FROM old_rows o GROUP BY brand;
        END IF;
        RETURN NULL;
      END $body$ $make$, v_name, t::text, print_of(t, 'n'), print_of(t, 'o'));
    EXECUTE format('CREATE OR REPLACE TRIGGER evidence_inserted AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows '
                   'FOR EACH STATEMENT EXECUTE FUNCTION %I()', t, v_name);
    EXECUTE format('CREATE OR REPLACE TRIGGER evidence_updated AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows '
                   'NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION %I()', t, v_name);
    EXECUTE format('CREATE OR REPLACE TRIGGER evidence_deleted AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows '
                   'FOR EACH STATEMENT EXECUTE FUNCTION %I()', t, v_name);
    DELETE FROM evidence WHERE book = t::text;
    EXECUTE format('INSERT INTO evidence (brand, book, row_count, prints) '
                   'SELECT brand, %L, count(*), sum(%s) FROM %s n GROUP BY brand', t::text, print_of(t, 'n'), t);
  END LOOP;
END $$;

-- How a table of the brand this transaction is open for stands to its evidence, in one look at both.
CREATE FUNCTION weigh_evidence(p_book text)
RETURNS TABLE (rows_kept bigint, rows_written bigint, same boolean) LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN QUERY EXECUTE format(
    'SELECT kept.rows, written.rows, kept.prints = written.prints FROM '
    '(SELECT count(*) AS rows, coalesce(sum(%s), 0) AS prints '
    ' FROM %I r WHERE brand = current_setting(''trefoil.brand'')) AS kept, '
    '(SELECT coalesce(sum(row_count), 0)::bigint AS rows, coalesce(sum(prints), 0) AS prints '
    ' FROM evidence WHERE brand = current_setting(''trefoil.brand'') AND book = %L) AS written',
    print_of(p_book::regclass, 'r'), p_book, p_book);
END $$;

-- Puts all evidence of the brand this transaction is open for into one row for each table; answers how many there were.
CREATE FUNCTION fold_evidence() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  WITH gone AS (
    DELETE FROM evidence WHERE brand = current_setting('trefoil.brand') RETURNING *
  ), folded AS (
    INSERT INTO evidence (brand, book, row_count, prints)
    SELECT brand, book, sum(row_count), sum(prints) FROM gone GROUP BY brand, book
  )
  SELECT count(*) FROM gone
$$;

CALL begin_evidence('event_log', 'outcome', 'set_aside', 'watermark', 'rulebook', 'decision', 'blacklist_entry',
                    'plan_version', 'paid_order', 'order_refund', 'parked_fact', 'sale', 'member_sales', 'withdrawal');

-- Seals: where log and books stood at an instant, signed with the brand's key, which no database holds.
CREATE TABLE seal (
  brand      text NOT NULL,
  number     bigint NOT NULL,                          -- without gaps, from 1
  sealed_at  timestamptz NOT NULL,
  document   jsonb NOT NULL,
  PRIMARY KEY (brand, number)
);
CREATE TRIGGER seal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON seal
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON seal TO trefoil_app;
CALL isolate_brands('seal');
