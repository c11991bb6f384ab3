-- What people with a database tool find: the meaning of every table and column, and views of what they may read.

-- --- meanings ---------------------------------------------------------------------------------------------------------
-- A line is `table: meaning` or `table.column: meaning`; `*.column` holds for every table that says nothing else. Lines of
-- tables that an installation does not have are passed over.

DO $do$
DECLARE
  v_line  text;
  v_name  text;
  v_what  text;
  r       record;
BEGIN
  FOREACH v_line IN ARRAY string_to_array($text$
*.brand: the brand that the row belongs to; every id is unique within it alone
*.seq: the number, in the log of the brand, of the event it comes from
*.member_id: the member it is about, under the id that the shop chose
*.order_id: the order it is about, under the id that the shop chose
*.created_at: when the row was made
*.hash: hash of this row and of the hash before it, so that a change shows
*.data_print: keyed hash of the data as they came; equal prints are equal data
*.fingerprint: keyed hash of all that came; equal prints are a repeat
*.reason: why, in the words of the person who did it
*.published_at: from when on it counts; null: a draft
*.consumer: the consumer of the log: graph or ledger
*.plan_id: the commission plan
account: The chart of accounts, the same for all brands
account.account: code of the account
account.name: its name, in Chinese and in English
account.type: asset, liability, income or expense
api_key: Keys of the API; the key itself is kept nowhere
api_key.key_hash: SHA-256 of the key
api_key.role: the role whose routes it may call
api_key.person: who acts with it; four eyes compare persons, not roles
api_key.revoked_at: from when on it is refused; null: it is good
blacklist_entry: Identifiers and members that nobody may earn with unseen
blacklist_entry.entry_id: its id, given by the platform
blacklist_entry.kind: member, or the kind of identifier
blacklist_entry.token: the id of a member, or the keyed token of an identifier
blacklist_entry.listed_at: when it was listed
blacklist_entry.listed_by: by whom
blacklist_entry.lifted_at: when it ended; null: it holds
blacklist_entry.lifted_by: by whom it was ended
blacklist_entry.listed_seq: number of the event that listed it
blacklist_entry.lifted_seq: number of the event that ended it
brand: The brands of the installation
brand.currency: ISO 4217 code; every amount in fen is in its minor unit
brand.time_zone: in which its business days begin
brand.owns_installation: whether its admin sees and adds brands
brand.wrapped_key: its key, wrapped by the master key of the installation
brand.key_version: which of its keys that is, from 1
brand.made_by: keyed hash of the request that made it; null: made without an idempotency key
consumer_try: What a consumer was about to deal with, or failed at; kept only where something had failed or was lost
consumer_try.seq: the first of these events
consumer_try.events: how many were to be tried together
consumer_try.tries: how often the first of them failed alone
consumer_try.under_way: whether nobody has told yet how it ended
consumer_trouble: What is wrong with a consumer of a brand; no row: nothing
consumer_trouble.trouble: diverged, rebuilding or failing
consumer_trouble.detail: what exactly
consumer_trouble.since: since when
db_login: Logins of the database for people with a tool of their own
db_login.login: name of the login
db_login.role: which views it may read: analyst, finance or auditor
decision: What the risk room said of orders; never changed
decision.decision_id: its id, given by the platform
decision.number: which of two decisions of an order came later
decision.place: 0: what was decided first for a check; 1: what was answered in its stead
decision.check_id: the check that asked for it; null: decided when the order was booked
decision.stage: at which step it was asked: order, settlement, withdrawal or application
decision.after_seq: how far the log had come when it was made
decision.outcome: allow, review or block
decision.score: points of all rules that hit, together
decision.reasons: the rules that hit, with what they measured and the paths that show it
decision.missing: sources that were away: redis, neo4j, postgres
decision.features: what the rules were given, so that it can be decided again
decision.rulebook_version: the version of the rules
decision.evaluated_at: when it was made
decision.request_print: keyed hash of what was asked; null: nobody asked
decision.worsens: the earlier decision that this one carries on
decision.saw: buyer, promoter, amount and tokens that were looked at; null: from before that was kept
decision.differs: the check that it was compared with, and what was not the same
entry: Lines of journals; never changed
entry.number: the journal
entry.place: place within the journal, from 0
entry.account: account of the chart
entry.member_id: the member whose money it is; null: the platform's
entry.amount_fen: debit positive, credit negative; the lines of a journal sum to zero
entry.effective_at: when it counts, for balances as of an instant
evidence: What the platform wrote into each table, added up; a table that is not the sum was written by somebody else
evidence.book: the table
evidence.row_count: how many rows more
evidence.prints: the sum of their prints
event_log: Every accepted event in order; never changed, personal values sealed
event_log.source: the system that told it
event_log.event_id: its id, unique within its source
event_log.type: kind and version of the event
event_log.subject: what it is about, in the words of the sender
event_log.time: when the sender says it happened, as it was written
event_log.data: what was told; personal values as token and ciphertext under their owner's key
event_log.extensions: attributes of the envelope that nobody knows, sealed as a whole
event_log.accepted_at: when it was taken
event_log.cost: how much work it is, in rows; null: from before that was kept
event_log.about_member: the member it speaks of, of an order its buyer
event_rejection: Refused events: sealed as they came, to be sent again
event_rejection.rejection_id: its id, given by the platform
event_rejection.source: source of the event; null where it looks personal
event_rejection.event_id: id of the event; null where it looks personal
event_rejection.type: type of the event; null where it looks personal
event_rejection.via: the way it came: http, stream or kafka
event_rejection.received_at: when it came
event_rejection.problem: what is wrong with it
event_rejection.shown: the event with all but known impersonal values masked
event_rejection.sealed: the event as it came, under the brand's key
event_rejection.content: keyed hash: the same refusal again is one row
event_rejection.resent_seq: number under which it was taken when it was sent again
first_answer: First answers to requests with an idempotency key
first_answer.person: role and name of who asked
first_answer.path_print: keyed hash of the path of the request
first_answer.key: the idempotency key
first_answer.request_print: keyed hash of the request
first_answer.claimed_by: who works on it; null once the answer is there
first_answer.claimed_until: from then on somebody else may take it over
first_answer.status: status of the answer
first_answer.headers: its headers
first_answer.body: the answer
idempotent_answer: First answers to requests with an idempotency key
idempotent_answer.path: path of the request
idempotent_answer.key: the idempotency key
idempotent_answer.request_hash: hash of the request
idempotent_answer.status: status of the answer
idempotent_answer.content_type: type of its content
idempotent_answer.body: the answer
installation: The one row of the installation
installation.only_row: always true
installation.clock: real or simulated, chosen at the first start
installation.simulated_now: where a simulated clock stands; null before the first event
job: Long work that was asked for, and how it went
job.job_id: its id, given by the platform
job.number: in which order it was asked for
job.kind: what is to be done
job.params: with what
job.state: queued, running, done, failed or cancelled
job.done: steps that are done
job.total: steps in all, where it is known
job.step: what the last step left for whoever takes the job up again
job.tries: how often a worker took it up
job.taken_up: whether it was last taken up anew or where the last step ended
job.cancel_asked: whether somebody asked it to stop
job.asked_at: when it was asked for
job.started_at: when it was first taken up
job.finished_at: when it ended
job.result: what came of it
job.problem: why it failed
journal: What was booked, journal by journal, without gaps; never changed
journal.number: its number, from 1
journal.kind: accrual, settlement, clawback and so on
journal.subject: the order or the withdrawal
journal.cause: the refund or the member, where a subject has several; else empty
journal.recorded_at: when it was booked
ledger_head: The last journal of each brand
ledger_head.number: its number
log_head: The last event of each brand
member_balance: What each payee has on each account: the sum of its entries
member_balance.account: account of the chart
member_balance.balance_fen: debit positive, credit negative
member_balance.last_debit_at: latest effective time of a debit
member_balance.last_credit_at: latest effective time of a credit
member_identifier: Tokens of members that may stand on the blacklist
member_identifier.kind: the kind of identifier
member_identifier.token: its keyed token
member_key: Keys of members, under which their personal values are sealed
member_key.wrapped_key: the key, wrapped by the brand's; null: destroyed, the member is forgotten
member_key.destroyed_at: when it was destroyed
member_sales: What each member sold and earned until now
member_sales.own_gmv_fen: lines sold as level 1, without freight, net of refunds
member_sales.commission_fen: commission booked, net of what was taken back
member_sales.sold_at: when the first sum last changed
member_sales.earned_at: when the second sum last changed
order_refund: Refunds that were dealt with
order_refund.refund_id: the refund, under the id that the shop chose
outcome: What each consumer made of an event, where it is not what the type ordinarily means
outcome.status: applied, parked, refused, none or failed
outcome.code: why, where there is something to say
outcome.detail: further words of the outcome
paid_order: Orders as they were frozen when they were paid, and how they stand
paid_order.buyer_id: the member who bought
paid_order.channel: where it was bought
paid_order.region: where it goes, where the shop said so
paid_order.placed_at: when it was placed: persons and plan are those of this instant
paid_order.paid_at: when it was paid
paid_order.freight_fen: freight, which earns nothing
paid_order.new_buyer: whether it was the buyer's first order
paid_order.plan_version: version of the plan
paid_order.after_sales_days: days of 24 hours from completion until it settles
paid_order.decision_id: the decision that counts
paid_order.decision_outcome: allow, review (held) or block (pays nobody)
paid_order.decision_reasons: why
paid_order.chain: the persons above the buyer, at most three, nearest first, with whether each earns
paid_order.json_print: digest of its JSON as the platform wrote it; null: from before there was one
paid_order.lines: what was bought, with what was paid and refunded of each line
paid_order.commissions: who earns what of which line under which rule
paid_order.state: frozen, held, settled, voided or clawed_back
paid_order.completed_at: when it was received; null: not yet
paid_order.settles_at: from when on it may settle
paid_order.cancelled_at: when it was cancelled
parked_fact: What came before its order was paid, and waits for it
parked_fact.kind: completed, refunded or cancelled
parked_fact.at: when it happened
parked_fact.refund_id: of a refund its id
parked_fact.lines: of a refund its lines
plan_version: Commission plans, version by version
plan_version.version: from 1
plan_version.document: the rules of the plan
plan_version.created_by: who wrote it
plan_version.published_by: who published it
rulebook: Rules of the risk room, version by version
rulebook.version: from 1
rulebook.rules: the rules
rulebook.author: who wrote it
sale: What members sold as level 1, change by change
sale.at: when it changed
sale.cause: empty: the payment; a refund's id; '/': the cancellation
sale.fen: by how much
schema_migration: Migrations that ran and functions that were applied
schema_migration.name: name of the file
schema_migration.digest: SHA-256 of its text
schema_migration.applied_at: when
seal: Where log and books stood at an instant, signed with the brand's key
seal.number: counted from 1, without gaps
seal.sealed_at: when it was made
seal.document: what was signed, with signature and public key
set_aside: Events that a consumer passed over after tries in vain
set_aside.error: what went wrong
set_aside.at: when
set_aside.replayed_by: number of the event that had it dealt with; null: it waits
watermark: How far each consumer has come in the log of each brand
withdrawal: Money that members asked for
withdrawal.withdrawal_id: its id, given by the platform
withdrawal.status: requested or rejected
withdrawal.gross_fen: what was asked for
withdrawal.tax_fen: of that, tax withheld
withdrawal.fee_fen: of that, the fee
withdrawal.net_fen: of that, what is paid out
withdrawal.channel: wechat, alipay, bank or flex
withdrawal.route: the way it takes
withdrawal.payout_account_sealed: account it goes to, sealed under the member's key
withdrawal.requested_at: when it was asked for
withdrawal.requested_by: by whom
withdrawal.rejected_at: when it was turned down
withdrawal.rejected_by: by whom
$text$, E'\n') LOOP
    CONTINUE WHEN v_line = '';
    v_name := split_part(v_line, ': ', 1);
    v_what := substr(v_line, length(v_name) + 3);
    IF position('.' IN v_name) = 0 THEN
      IF to_regclass('public.' || v_name) IS NOT NULL THEN
        EXECUTE format('COMMENT ON TABLE public.%I IS %L', v_name, v_what);
      END IF;
    ELSE
      FOR r IN
        SELECT c.relname, a.attname
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
          AND split_part(v_name, '.', 1) IN ('*', c.relname) AND a.attname = split_part(v_name, '.', 2)
      LOOP
        EXECUTE format('COMMENT ON COLUMN public.%I.%I IS %L', r.relname, r.attname, v_what);
      END LOOP;
    END IF;
  END LOOP;
END $do$;

-- --- views ------------------------------------------------------------------------------------------------------------
-- Views of the schema people, each of the brand of the login that asks.
-- A view is read with the rights of its owner, so it says itself which rows are shown; security_barrier keeps conditions of
-- the asking statement from seeing any other. Left out are sealed values, tokens, prints and hashes that say who somebody is.

DROP SCHEMA IF EXISTS people CASCADE;
CREATE SCHEMA people;

-- The brand of the login; session_user is who signed in, whatever role is taken on later.
CREATE FUNCTION people.my_brand() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT brand FROM db_login WHERE login = session_user
$$;

CREATE VIEW people.event WITH (security_barrier) AS
  SELECT brand, seq, source, event_id, type, subject, time, about_member, accepted_at
  FROM event_log WHERE brand = (SELECT people.my_brand());
CREATE VIEW people.event_outcome WITH (security_barrier) AS
  SELECT brand, seq, consumer, status, code, detail FROM outcome WHERE brand = (SELECT people.my_brand());
CREATE VIEW people.event_refused WITH (security_barrier) AS
  SELECT brand, rejection_id, source, event_id, type, via, received_at, problem, shown, resent_seq
  FROM event_rejection WHERE brand = (SELECT people.my_brand());
CREATE VIEW people.event_set_aside WITH (security_barrier) AS
  SELECT brand, consumer, seq, at, replayed_by FROM set_aside WHERE brand = (SELECT people.my_brand());
CREATE VIEW people.paid_order WITH (security_barrier) AS
  SELECT brand, order_id, seq, buyer_id, channel, region, placed_at, paid_at, freight_fen, new_buyer, plan_id, plan_version,
         after_sales_days, decision_id, decision_outcome, decision_reasons, chain, lines, commissions, state, completed_at,
         settles_at, cancelled_at
  FROM public.paid_order WHERE brand = (SELECT people.my_brand());
CREATE VIEW people.order_refund WITH (security_barrier) AS
  SELECT brand, order_id, refund_id, seq FROM public.order_refund WHERE brand = (SELECT people.my_brand());
CREATE VIEW people.decision WITH (security_barrier) AS
  SELECT brand, decision_id, number, check_id, stage, order_id, after_seq, outcome, score, reasons, missing, rulebook_version,
         evaluated_at, worsens
  FROM public.decision WHERE brand = (SELECT people.my_brand());
CREATE VIEW people.rulebook WITH (security_barrier) AS
  SELECT brand, version, rules, author, created_at, published_at
  FROM public.rulebook WHERE brand = (SELECT people.my_brand());
CREATE VIEW people.blacklist WITH (security_barrier) AS
  SELECT brand, entry_id, kind, reason, listed_at, listed_by, lifted_at, lifted_by
  FROM blacklist_entry WHERE brand = (SELECT people.my_brand());
CREATE VIEW people.plan_version WITH (security_barrier) AS
  SELECT brand, plan_id, version, document, created_by, created_at, published_at, published_by
  FROM public.plan_version WHERE brand = (SELECT people.my_brand());
CREATE VIEW people.account WITH (security_barrier) AS SELECT account, name, type FROM public.account;
CREATE VIEW people.journal WITH (security_barrier) AS
  SELECT brand, number, kind, subject, cause, recorded_at, hash
  FROM public.journal WHERE brand = (SELECT people.my_brand());
CREATE VIEW people.entry WITH (security_barrier) AS
  SELECT brand, number, place, account, member_id, amount_fen, effective_at
  FROM public.entry WHERE brand = (SELECT people.my_brand());
CREATE VIEW people.member_balance WITH (security_barrier) AS
  SELECT brand, member_id, account, balance_fen FROM public.member_balance WHERE brand = (SELECT people.my_brand());
CREATE VIEW people.withdrawal WITH (security_barrier) AS
  SELECT brand, withdrawal_id, seq, member_id, status, gross_fen, tax_fen, fee_fen, net_fen, channel, route, requested_at,
         requested_by, rejected_at, rejected_by, reason
  FROM public.withdrawal WHERE brand = (SELECT people.my_brand());

GRANT USAGE ON SCHEMA people TO trefoil_analyst, trefoil_finance, trefoil_auditor;
GRANT SELECT ON ALL TABLES IN SCHEMA people TO trefoil_auditor;
GRANT SELECT ON people.event, people.event_outcome, people.event_refused, people.event_set_aside, people.paid_order,
  people.order_refund, people.decision, people.rulebook, people.blacklist TO trefoil_analyst;
GRANT SELECT ON people.paid_order, people.order_refund, people.plan_version, people.account, people.journal, people.entry,
  people.member_balance, people.withdrawal TO trefoil_finance;

-- A view says of itself and of each column what its table says.
DO $do$
DECLARE r record;
BEGIN
  FOR r IN
    SELECT v.relname AS name, va.attname AS col, obj_description(t.oid) AS table_said, col_description(t.oid, ta.attnum) AS said
    FROM pg_class v
    JOIN pg_attribute va ON va.attrelid = v.oid AND va.attnum > 0
    JOIN (VALUES ('event', 'event_log'), ('event_outcome', 'outcome'), ('event_refused', 'event_rejection'),
                 ('event_set_aside', 'set_aside'), ('blacklist', 'blacklist_entry')) AS named (viewed, tabled) ON true
    JOIN pg_class t ON t.relnamespace = 'public'::regnamespace
      AND t.relname = CASE WHEN v.relname = viewed THEN tabled WHEN NOT v.relname = ANY (ARRAY['event', 'event_outcome',
                           'event_refused', 'event_set_aside', 'blacklist']) THEN v.relname END
    JOIN pg_attribute ta ON ta.attrelid = t.oid AND ta.attname = va.attname
    WHERE v.relnamespace = to_regnamespace('people') AND v.relkind = 'v'
  LOOP
    EXECUTE format('COMMENT ON VIEW people.%I IS %L', r.name, r.table_said);
    EXECUTE format('COMMENT ON COLUMN people.%I.%I IS %L', r.name, r.col, r.said);
  END LOOP;
END $do$;
