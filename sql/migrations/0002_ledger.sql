-- The ledger: chart of accounts, journals and entries that nobody changes, and the orders and withdrawals they are about.
-- Amounts are fen (the minor unit of the brand's currency); in entries and balances a debit is positive, a credit negative.

CREATE TABLE account (
  account  text PRIMARY KEY,
  name     text NOT NULL,
  type     text NOT NULL CHECK (type IN ('asset', 'liability', 'income', 'expense'))
);
INSERT INTO account VALUES
  ('6601.02', '销售费用—推广佣金 (promotion commission)', 'expense'),
  ('2241.11', '应付佣金—待结算 (pending)', 'liability'),
  ('2241.12', '应付佣金—可提现 (available)', 'liability'),
  ('2241.13', '应付佣金—提现冻结 (in withdrawal)', 'liability'),
  ('2241.14', '付款在途 (payout clearing)', 'liability'),
  ('2241.15', '应付佣金—风控暂扣 (held for a risk verdict)', 'liability'),
  ('1221.21', '其他应收款—佣金欠款 (arrears)', 'asset'),
  ('2221.12', '应交税费—代扣个人所得税 (income tax withheld)', 'liability'),
  ('2221.13', '代办增值税及附加 (VAT and surcharges by agency filing)', 'liability'),
  ('1012.01', '其他货币资金—微信/支付宝商户户 (merchant accounts)', 'asset'),
  ('1002.01', '银行存款 (bank)', 'asset'),
  ('6051.01', '提现手续费收入 (withdrawal fees)', 'income'),
  ('6701.01', '资产减值—佣金欠款核销 (arrears written off)', 'expense');
GRANT SELECT ON account TO trefoil_app;

-- --- journals ---------------------------------------------------------------------------------------------------------

CREATE TABLE ledger_head (
  brand   text PRIMARY KEY,
  number  bigint NOT NULL,
  hash    bytea NOT NULL
);

CREATE TABLE journal (
  brand        text NOT NULL,
  number       bigint NOT NULL,                        -- without gaps, from 1
  kind         text NOT NULL,
  subject      text NOT NULL,                          -- the order or the withdrawal
  cause        text NOT NULL,                          -- the refund, or the member, where a subject has several; else empty
  recorded_at  timestamptz NOT NULL,
  hash         bytea NOT NULL,                         -- over the hash of the journal before and this one's text
  PRIMARY KEY (brand, number),
  UNIQUE (brand, subject, kind, cause)                 -- what makes posting idempotent; also finds an order's journals
);

CREATE TABLE entry (
  brand         text NOT NULL,
  number        bigint NOT NULL,
  place         smallint NOT NULL,                     -- within its journal, from 0
  account       text NOT NULL,
  member_id     text,
  amount_fen    bigint NOT NULL CHECK (amount_fen <> 0),
  effective_at  timestamptz NOT NULL,
  PRIMARY KEY (brand, number, place),
  CHECK (member_id IS NOT NULL OR NOT (account LIKE '2241.%' OR account = '1221.21'))
);
CREATE INDEX entry_of_member ON entry (brand, member_id, number) WHERE member_id IS NOT NULL;

-- Sums of entries per payee; post() keeps what is owed to a member, and arrears, from falling below zero (a CHECK cannot:
-- it would also look at the change before it is added). Platform accounts have no row here: one hot row would halve the speed of posting.
CREATE TABLE member_balance (
  brand          text NOT NULL,
  member_id      text NOT NULL,
  account        text NOT NULL,
  balance_fen    bigint NOT NULL,
  last_debit_at  timestamptz,                          -- latest effective time of a debit: when arrears last grew
  PRIMARY KEY (brand, member_id, account)
) WITH (fillfactor = 70);                              -- room for updates in place

CREATE TRIGGER journal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entry
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The application may read the books; it writes them through post() alone.
GRANT SELECT ON ledger_head, journal, entry, member_balance TO trefoil_app;

-- Post journals of the brand this transaction is open for, all or none.
-- Journals are given by position (arrays of equal length), their entries as (position of the journal, account, member,
-- amount), in order of journal. Refuses (P0001) an unknown account, a journal without entries or that does not sum to
-- zero, an accrual to more than three members; (23514) a balance below its floor when all is posted.
-- A journal whose kind, subject and cause were posted before is left out, and its position returned.
-- Rows are found by unique indexes alone, so no plan made while tables were small can become a slow one.
CREATE FUNCTION post(
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
    INSERT INTO member_balance AS b (brand, member_id, account, balance_fen, last_debit_at)
    SELECT v_brand, member, account, sum(amount), max(p_effective_at[position]) FILTER (WHERE amount > 0)
    FROM unnest(p_position, p_account, p_member, p_amount_fen) u(position, account, member, amount)
    WHERE member IS NOT NULL AND v_numbers[position] > 0
    GROUP BY member, account
    ON CONFLICT (brand, member_id, account) DO UPDATE
    SET balance_fen = b.balance_fen + excluded.balance_fen,
        last_debit_at = greatest(b.last_debit_at, excluded.last_debit_at)
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

-- --- plans ------------------------------------------------------------------------------------------------------------

CREATE TABLE plan_version (
  brand           text NOT NULL,
  plan_id         text NOT NULL,
  version         int NOT NULL,
  document        jsonb NOT NULL,
  created_by      text NOT NULL,
  created_at      timestamptz NOT NULL,
  published_at    timestamptz,                         -- null: a draft, pays nobody
  published_by    text,
  PRIMARY KEY (brand, plan_id, version)
);
GRANT SELECT, INSERT, UPDATE ON plan_version TO trefoil_app;

-- --- orders -----------------------------------------------------------------------------------------------------------

CREATE TABLE paid_order (
  brand             text NOT NULL,
  order_id          text NOT NULL,
  seq               bigint NOT NULL,                   -- of the order.paid that won
  buyer_id          text NOT NULL,
  channel           text NOT NULL,
  region            text,
  placed_at         timestamptz NOT NULL,
  paid_at           timestamptz NOT NULL,
  freight_fen       bigint NOT NULL,
  new_buyer         boolean NOT NULL,
  data_print        bytea NOT NULL,
  plan_id           text,
  plan_version      int,
  after_sales_days  int NOT NULL,
  decision_id       text NOT NULL,
  decision_outcome  text NOT NULL CHECK (decision_outcome IN ('allow', 'review', 'block')),
  decision_reasons  jsonb NOT NULL,
  chain             jsonb NOT NULL CHECK (jsonb_array_length(chain) <= 3),  -- at most three persons are paid
  lines             jsonb NOT NULL,
  commissions       jsonb NOT NULL,                    -- of persons of the chain
  state             text NOT NULL CHECK (state IN ('frozen', 'held', 'settled', 'voided', 'clawed_back')),
  completed_at      timestamptz,
  settles_at        timestamptz,
  cancelled_at      timestamptz,
  PRIMARY KEY (brand, order_id),
  CHECK (decision_outcome <> 'block' OR state = 'voided')
);
CREATE INDEX paid_order_due ON paid_order (brand, settles_at, order_id) WHERE state = 'frozen' AND settles_at IS NOT NULL;

CREATE TABLE order_refund (
  brand       text NOT NULL,
  refund_id   text NOT NULL,
  order_id    text NOT NULL,
  seq         bigint NOT NULL,
  data_print  bytea NOT NULL,
  PRIMARY KEY (brand, refund_id)
);

-- What came before its order.paid and waits for it.
CREATE TABLE parked_fact (
  brand      text NOT NULL,
  order_id   text NOT NULL,
  seq        bigint NOT NULL,
  kind       text NOT NULL CHECK (kind IN ('completed', 'refunded', 'cancelled')),
  at         timestamptz NOT NULL,
  refund_id  text,
  lines      jsonb,
  PRIMARY KEY (brand, order_id, seq)
);

CREATE TABLE member_sales (
  brand           text NOT NULL,
  member_id       text NOT NULL,
  own_gmv_fen     bigint NOT NULL,                     -- lines sold as level 1, without freight, net of refunds; blocked orders left out
  commission_fen  bigint NOT NULL,                     -- commission booked, held included, net of clawbacks
  PRIMARY KEY (brand, member_id)
) WITH (fillfactor = 70);

GRANT SELECT, INSERT, UPDATE ON paid_order, member_sales TO trefoil_app;
GRANT SELECT, INSERT ON order_refund TO trefoil_app;
GRANT SELECT, INSERT, DELETE ON parked_fact TO trefoil_app;

-- --- withdrawals ------------------------------------------------------------------------------------------------------

CREATE TABLE withdrawal (
  brand                  text NOT NULL,
  withdrawal_id          text NOT NULL,
  seq                    bigint NOT NULL,
  member_id              text NOT NULL,
  status                 text NOT NULL CHECK (status IN ('requested', 'rejected')),
  gross_fen              bigint NOT NULL CHECK (gross_fen > 0),
  tax_fen                bigint NOT NULL CHECK (tax_fen >= 0),
  fee_fen                bigint NOT NULL CHECK (fee_fen >= 0),
  net_fen                bigint NOT NULL CHECK (net_fen >= 0),
  channel                text NOT NULL,
  route                  text NOT NULL,
  payout_account_sealed  text,
  requested_at           timestamptz NOT NULL,
  requested_by           text NOT NULL,
  rejected_at            timestamptz,
  rejected_by            text,
  reason                 text,
  PRIMARY KEY (brand, withdrawal_id),
  CHECK (gross_fen = tax_fen + fee_fen + net_fen)
);
CREATE INDEX withdrawal_newest ON withdrawal (brand, seq);
CREATE INDEX withdrawal_of_member ON withdrawal (brand, member_id, seq);
GRANT SELECT, INSERT, UPDATE ON withdrawal TO trefoil_app;

CALL isolate_brands('ledger_head', 'journal', 'entry', 'member_balance', 'plan_version', 'paid_order', 'order_refund',
                    'parked_fact', 'member_sales', 'withdrawal');
