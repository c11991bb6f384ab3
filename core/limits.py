"""Every bound of the platform with its reason, on one page.

Units are in the names. A bound that a caller meets has a stable error code; a bound that only protects the machine
is met by waiting or by splitting the work.
"""

from typing import Final

# --- events and requests ------------------------------------------------------------------------------------------
HEAD_BYTES_MAX: Final = 32 * 1024  # request line and headers; keys, tokens and cursors together are below 4 kB
HEADERS_MAX: Final = 100  # of one request: proxies add a dozen; each costs some hundred bytes, however short it is
HEAD_SECONDS_MAX: Final = 10.0  # for a head, from its first byte on, and of a fresh connection until that byte
BODY_SECONDS_MAX: Final = 60.0  # for a whole body: 2 MB at 35 kB/s, slower than any line a shop has
FRAMING_BYTES_MAX: Final = 256 * 1024  # beside a body sent in pieces: enough for 2 MB in pieces of 50 bytes
UNREAD_SECONDS_MAX: Final = 30.0  # an answer of which nothing is read for so long is given up
IDLE_SECONDS_MAX: Final = 5  # a connection is kept for its next request so long
LINGER_SECONDS_MAX: Final = 5.0  # a body that nobody wants may go on so long, for its sender to see the answer
PIPELINED_MAX: Final = 16  # requests of one connection that wait for the one before; clients of today send none
CONNECTIONS_MAX: Final = 800  # of one process: below the 1,024 files that systems let it open, stores included
BODY_BYTES_MAX: Final = 2 * 1024 * 1024  # one request body; a batch of 1,000 ordinary events is about 0.5 MB
EVENTS_PER_BATCH_MAX: Final = 1_000  # one intake transaction stays below a tenth of a second
ID_CHARS_MAX: Final = 128  # ids are chosen by callers and stand in every index
TEXT_CHARS_MAX: Final = 1_000  # free text a caller may send (reasons, notes)
FUTURE_SECONDS_MAX: Final = 24 * 3600  # with the real clock, clocks of shops may be wrong by a day, not more
LINES_PER_ORDER_MAX: Final = 1_000  # the largest real baskets seen hold 541 lines
ORDER_FEN_MAX: Final = 10**14  # of one order: a bound of its own, far inside 64 bits
IDENTIFIERS_PER_EVENT_MAX: Final = 50  # a sign-in names a handful; more is a mistake of the sender
LINE_FEN_MAX: Final = 10**12  # 10 thousand million yuan on one line
QUANTITY_MAX: Final = 10**6  # a warehouse's worth of one product; more is a mistake of units
PAGE_ITEMS_MAX: Final = 200  # largest page of any list
PAGE_ITEMS_DEFAULT: Final = 50  # about two screens of a table
NUMBER_MAX: Final = 2**63 - 1  # no row has a larger number: where a list begins that is read from its end
JSON_DEPTH_MAX: Final = 32  # of what is sent as events: deeper than any contract needs, and every walk of it ends
EVENT_NAMES_MAX: Final = 20_000  # names in one event: the largest order has 5,000; each unknown one is an error to tell
ATTRIBUTES_BYTES_MAX: Final = 64 * 1024  # attributes nobody knows, together: as much as CloudEvents asks to forward
TURN_SECONDS_MAX: Final = 0.01  # of computing, before whoever else waits for the process has a turn

# --- identifiers: of each kind, as it came and again with its signs in compatibility form, where one may become 18 ---
DEVICE_CHARS_MAX: Final = 512  # ids of installations have 16 to 300
IP_CHARS_MAX: Final = 64  # an IPv6 address in brackets with zone and port has 60
PHONE_CHARS_MAX: Final = 64  # fifteen digits, separators, an extension
UNIONID_CHARS_MAX: Final = 128  # platforms give 28 to 64
PAYOUT_ACCOUNT_CHARS_MAX: Final = 256  # an e-mail address has at most 254
ID_CARD_CHARS_MAX: Final = 64  # eighteen, and blanks between them
ADDRESS_CHARS_MAX: Final = 500  # street, house, door and notes to the courier
REGION_CHARS_MAX: Final = 64  # province, city or county: the longest name has 15

# --- the three tiers ----------------------------------------------------------------------------------------------
LEVELS_MAX: Final = 3  # persons paid for an order, and distributor depth: the product's legal promise
LOOP_HOPS_MAX: Final = 1_000  # persons above a promoter among whom a loop is looked for; where more stand it is refused
TIES_PER_ORDER_MAX: Final = 30  # findings kept per order: enough for any decision, small enough to store
BINDING_DAYS: Final = 180  # default protection period of a binding, days of 24 h

# --- projection ---------------------------------------------------------------------------------------------------
STRETCH_EVENTS_MAX: Final = 1_000  # events per transaction of a consumer: past 1,000 throughput no longer grows
STRETCH_COST_MAX: Final = 20_000  # rows (see events.log.cost_of): 1,000 ordinary orders, or six of 1,000 lines
POISON_TRIES_MAX: Final = 5  # an event that fails so often alone is set aside; a passing trouble is over by then
POISON_TRIES_AGAIN: Final = 2  # of events right behind one that was set aside: a thousand take minutes, not hours
ASIDE_COUNTED_MAX: Final = 10_000  # events set aside are counted no further: so many are one trouble, not many
STEPS_AT_ONCE_MAX: Final = 4  # stretches of different brands under way together in one worker: memory, and connections
WIRE_OPS_MAX: Final = 200  # operations per script call, so that a check never waits behind one for long
SETTLE_ORDERS_MAX: Final = 1_000  # orders per settlement transaction
COMMAND_WAIT_SECONDS_MAX: Final = 10.0  # a command answers 503 still_working with its number after this
DRAIN_WAIT_SECONDS_MAX: Final = 600.0  # drain and clock moves wait for every consumer at most this long
CONSISTENCY_PAGE: Final = 500  # members compared together: a transaction of a tenth of a second in each store
CONSISTENCY_EVENTS_MAX: Final = 20_000  # that speak of them: a page stays below a hundred megabytes
CONSISTENCY_PAGES_AHEAD: Final = 2  # read from both stores while one is compared, so that none of the three waits
CONSISTENCY_CHUNK: Final = 50  # members compared in one go: five milliseconds in which nothing else in the process runs
CONSISTENCY_RUN_LINES: Final = 200_000  # users of identifiers sorted in memory at a time, about 40 MB; the rest on disk
CONSISTENCY_TRIES_MAX: Final = 20  # a member that changes while it is read is read again, a moment later
DIFFERENCES_MAX: Final = 100  # differences listed by a consistency check

# --- jobs ---------------------------------------------------------------------------------------------------------
JOBS_AT_ONCE_MAX: Final = 4  # in one worker: each holds a connection for its turn and up to two of the pool
JOBS_PER_BRAND_MAX: Final = 2  # at once: a brand with many long jobs leaves room for the others
JOBS_KEEP_DAYS: Final = 30  # after its end a job can be looked at so long
JOB_TELL_SECONDS: Final = 0.5  # a job's progress is written this often: nobody looks closer
JOB_WAIT_SECONDS_MAX: Final = 600.0  # who waits for a job is answered after this with where to look
JOB_AWAY_SECONDS_MAX: Final = 10.0  # a store that is away is waited for; after that the job fails
JOB_EVENTS_SILENCE_SECONDS: Final = 15.0  # a stream of a job says at least that it is there: proxies cut silent ones

# --- pools, waits, retries ----------------------------------------------------------------------------------------
POSTGRES_POOL_MAX: Final = 12  # connections per process: API and worker together stay far below 100
POSTGRES_BRAND_MAX: Final = 6  # of them for one brand at a time: however much it asks for, others come in between
STATEMENT_POOL_MAX: Final = 8  # one commit of decisions is under way per brand; one that hangs leaves room for others
POOL_WAIT_SECONDS_MAX: Final = 2.0  # a busy pool frees a connection sooner; a store that is away is said to be away
POOL_REST_SECONDS: Final = 0.5  # after a wait in vain, nobody waits for a connection this long
NEO4J_POOL_MAX: Final = 20  # reads of people and the graph consumer; more would only queue inside Neo4j
WARM_SECONDS_MAX: Final = 5.0  # a start may take so much longer; the first events after it go the faster
WARM_ROUNDS: Final = 12  # past that the compiler of the server has seen enough
SPACE_KEEP_SECONDS: Final = 1.0  # how long a reader may take to see that a graph was made anew
SPACE_GRACE_SECONDS: Final = 8.0  # an old graph is deleted after that: the longest read, and what readers remember
SPACES_KEPT_MAX: Final = 10_000  # brands whose space one process remembers: a megabyte
NEO4J_READ_SECONDS_MAX: Final = 5.0  # a person waits for a read of the graph no longer than this
NEO4J_SILENCE_SECONDS_MAX: Final = 2.0  # after it should have ended a read by itself, a server is taken for dead
AWAY_SECONDS_MAX: Final = 60.0  # a consumer waits for a store in silence; a restart is over by then, more is told
RETRY_SECONDS_MAX: Final = 5.0  # before what not even setting aside helped is tried again, and of reconnecting
BUSY_SECONDS: Final = 0.05  # until a brand that somebody else is busy with is tried again
DEAD_PEER_IDLE_SECONDS: Final = 5  # silence after which a server asks whether the holder of a lock still lives
DEAD_PEER_PROBE_SECONDS: Final = 5  # between two such questions
DEAD_PEER_PROBES: Final = 3  # without an answer, and the lock is free: 20 s after a machine vanished
POLL_SECONDS: Final = 0.5  # who waits looks this often without being told; what failed is tried again after it
LOOK_AT_ALL_SECONDS: Final = 5.0  # who has something to do is asked this often: a notification can be lost
LOOK_AT_EVERYBODY_SECONDS: Final = 300.0  # a store that was put back to an earlier state is seen after this
BRANDS_LOOKED_AT_MAX: Final = 100  # brands looked at together: 5 s for 10,000, and told brands go on in between

# --- streams and topics -------------------------------------------------------------------------------------------
STREAM_READ_MAX: Final = 500  # messages per intake transaction
STREAM_BYTES_MAX: Final = BODY_BYTES_MAX  # messages held at once: as much as one request, whatever their number
KAFKA_FETCH_BYTES_MAX: Final = 4 * 1024 * 1024  # per answer of a broker; the next answer is fetched meanwhile
KAFKA_PARTITION_BYTES_MAX: Final = 256 * 1024  # per partition: 500 ordinary events, and 100 partitions hold 25 MB
KAFKA_LETTER_BYTES_MAX: Final = 8 * 1024 * 1024  # a letter of the largest event, both faces; hardly ever above 2 MB
KAFKA_ANSWER_SECONDS_MAX: Final = 10.0  # one request: a broker that writes to slow replicas answers well within this
KAFKA_SILENCE_SECONDS_MAX: Final = 3.0  # asked on an idle topic where it ends, a broker answers in milliseconds
KAFKA_MEMBER_SECONDS_MAX: Final = 6.0  # the least that brokers allow: so long rest the partitions of a killed worker
KAFKA_REVOKE_SECONDS_MAX: Final = 10.0  # a batch is done in one; with a store away the others do not wait longer
LETTER_SHOWN_BYTES_MAX: Final = 16 * 1024  # a message is read once more to be shown as it came; larger: masked
DEAD_LETTERS_KEPT: Final = 100_000  # about 100 MB; Postgres keeps every refusal of a known brand besides
DEAD_LETTERS_SCANNED_MAX: Final = 1_000  # per partition, to list the latest: far more than a page shows

CLOCK_KEEP_SECONDS: Final = 0.5  # how long another process may take to see that a simulated clock was moved

# --- risk check ---------------------------------------------------------------------------------------------------
CHECK_WIRE_SECONDS_MAX: Final = 0.25  # a wire that is away refuses at once; this is for one that hangs
CHECK_GRAPH_SECONDS_MAX: Final = 0.5  # how long a refusal waits for its evidence
CHECK_STORE_SECONDS_MAX: Final = 1.0  # how long a check waits for its decision to be durable
CHECKS_PER_TRIP_MAX: Final = 64  # checks sent to the wire together; a larger pipeline only makes its first wait
DECISIONS_PER_COMMIT_MAX: Final = 256  # decisions made durable together
VELOCITY_ORDERS_MAX: Final = 128  # counted of a subject in one clock hour: twice what any rule asks, more says as much
VELOCITY_KEEP_SECONDS: Final = 48 * 3600  # since the last order of its hour: what comes a day late meets its like
WIRE_INTERVALS_MAX: Final = 32  # bindings of a member: sixteen years of them; an order before what is kept is reviewed

# --- keys and tokens ----------------------------------------------------------------------------------------------
KEY_CACHE_SECONDS: Final = 30.0  # how long a revoked API key may still be honoured
KEY_LOOKUPS_MAX: Final = 2  # keys and tokens nobody knows are looked up so few at a time: guessing holds no store up
KEYS_CACHED_MAX: Final = 10_000  # keys are a handful per brand; this bounds what guessing callers can fill
MEMBER_KEYS_CACHED_MAX: Final = 50_000  # 32-byte keys of members kept unwrapped in one process
MEMBER_TOKEN_SECONDS: Final = 900  # life of a member's token for the shop's own pages
IDEMPOTENCY_KEEP_HOURS: Final = 48  # the contract promises at least 24
CLAIM_SECONDS: Final = 15.0  # a process that was killed holds a keyed request so long; a living one renews its claim
CHECK_CLAIM_SECONDS_MAX: Final = 0.5  # of a keyed check; after that it goes on as one without a key

# --- withdrawals --------------------------------------------------------------------------------------------------
WITHDRAWAL_FEN_MIN: Final = 10  # 0.10 yuan, the smallest transfer of the channels
WITHDRAWAL_FEN_MAX: Final = 5_000_000  # 50,000 yuan, the product's ceiling for one withdrawal

# --- starting and stopping the platform ---------------------------------------------------------------------------
SERVICE_READY_SECONDS_MAX: Final = 90.0  # Neo4j needs 5-7 s on two idle cores; a busy machine more
PROCESS_READY_SECONDS_MAX: Final = 60.0  # the API and the worker answer in about 2 s
STOP_SECONDS_MAX: Final = 20.0  # a process that has not gone by then is killed; every store survives a kill
UP_LOCK_SECONDS_MAX: Final = 300.0  # a second `up` or `down` on the same folder waits for the first this long
JAR_DOWNLOAD_SECONDS_MAX: Final = 60.0  # silence of the repository during one download
JAR_DOWNLOADS_AT_ONCE: Final = 8  # past this the repository, not the machine, sets the pace
LOG_BYTES_MAX: Final = 16 * 1024 * 1024  # a larger log becomes the older copy (one is kept) at the next start

# --- clients of the API: demo shop and import ---------------------------------------------------------------------
CLIENT_OUTAGE_SECONDS_MAX: Final = 600.0  # an outage is waited out this long: a person restarts a service in minutes
CLIENT_PAUSE_SECONDS_MAX: Final = 5.0  # longest pause between two tries, so that work goes on soon after the return
CLIENT_ANSWER_SECONDS_MAX: Final = 60.0  # silence of the API on one request; a batch of 1,000 events takes below 1 s
CLIENT_CONNECT_SECONDS_MAX: Final = 5.0  # the API is near; a longer wait means that it is down
IMPORT_ROWS_MAX: Final = 20_000_000  # some 2 GB of an export; more is split by year, so that a repeat stays bearable
IMPORT_ROW_BYTES_MAX: Final = 1024 * 1024  # one row of an export; a longer one is no row
IMPORT_CELL_LINES_MAX: Final = 50  # lines of one cell: an address or a note; past them a quote was never closed
IMPORT_ORDER_ROWS_MAX: Final = 10_000  # rows of one order are judged together in memory; an order has 1,000 lines
IMPORT_SPILL_BYTES: Final = 16 * 1024 * 1024  # what waits for its turn stays in memory up to here, then on disk
IMPORT_PREAMBLE_LINES_MAX: Final = 100  # lines before the headings: bills of payment services have some 25
IMPORT_WORKBOOK_BYTES_MAX: Final = 1024 * 1024 * 1024  # unpacked: a full sheet of 1,048,576 rows has about half of it
