"""Every code the platform answers with, and what it means; the page of outcomes is written from this one.

A code is promised: it is never renamed, and never means anything else. Rooms write codes as they decide; a house test
holds that each stands here, and that none stands here that nobody writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

STATUSES: Final[Mapping[str, str]] = {
    "applied": "it changed what the consumer keeps",
    "refused": "it could not be; the code says why, and nothing was changed",
    "parked": "it came before the order it speaks of, and is applied when that order is paid",
    "none": "it has nothing to say to this consumer, or says again what is known",
    "failed": "the consumer could not deal with it after several tries; it was set aside and can be replayed",
    "pending": "the consumer has not come so far yet",
}
"""What a consumer made of an event; the last is not kept, it is said of what lies before a watermark."""

ANSWERS: Final[Mapping[str, str]] = {
    "accepted": "the event is in the log under the number given, for ever",
    "duplicate": "the log holds this event already; the number is that of the first time",
    "rejected": "the event is not in the log; its problem says why, and it can be seen and sent again",
}
"""What became of an event that was sent."""

CODES: Final[Mapping[str, Mapping[str, str]]] = {
    "What was sent, field by field": {
        "missing_field": "a field that must be there is not",
        "unknown_field": "the contract knows no such field",
        "wrong_type": "a value of another type than the contract's",
        "out_of_range": "a number, a length or a sum outside its bounds",
        "unknown_value": "not one of the values the field may have",
        "bad_id": "an id has 1 to 128 characters, no slash and no control character",
        "bad_text": "a control character in a text",
        "bad_time": "not an RFC 3339 time with offset, or not of the years 2000 to 2100",
        "in_the_future": "an instant more than a day ahead; a simulated clock has no such limit",
        "duplicate_line": "two lines of one order or refund have the same line_id",
        "bad_cursor": "a cursor that no answer ever gave",
    },
    "Events": {
        "unknown_type": "no contract has this type, or only the platform itself tells it",
        "reserved_source": "sources that begin so are the platform's own",
        "unknown_brand": "on a stream: the attribute brand names no brand",
        "brand_differs": "the attribute brand names another brand than the key's",
        "no_brand": "on a stream or topic: this installation has no brand yet",
        "bad_content_type": "on a topic: a header says that the message is something else than JSON",
        "event_conflict": "the log holds another content under this source and id",
    },
    "Requests": {
        "bad_json": "not JSON (of base64: inside), not an object or array of objects, or nested too deep",
        "bad_encoding": "the body is not UTF-8, or has a byte-order mark or a NUL",
        "batch_too_large": "more events than one request may hold",
        "body_too_large": "more bytes than one request may hold",
        "unsupported_encoding": "a body is sent as it is, without Content-Encoding",
        "unsupported_media_type": "a body is JSON in UTF-8",
        "head_too_large": "request line and headers are longer, or more, than one request may have",
        "bad_request": "what was sent is no HTTP request, or too many of them at once",
        "too_slow": "the request did not come in the time it has",
        "no_key": "no bearer key was sent",
        "wrong_key": "the key or token is unknown, revoked or over",
        "forbidden_role": "the key's role may not do this",
        "not_found": "there is no such thing, or it is another brand's or another member's",
        "method_not_allowed": "the path is known, with another method",
        "bad_idempotency_key": "an Idempotency-Key has 1 to 128 printable ASCII characters",
        "idempotency_conflict": "the Idempotency-Key was used with another request",
        "in_progress": "the same request is being worked on; ask again, with the same Idempotency-Key",
    },
    "The tree; when several apply, the first of the list": {
        "unknown_member": "no event before this one spoke of a member it names",
        "self_binding": "a member cannot stand under itself",
        "promoter_inactive": "the promoter or inviter is no active distributor at the instant asked for",
        "already_bound": "a binding overlaps; or approved before, under another inviter; or moved to where it is",
        "would_loop": "the one above stands below already",
        "too_deep": "distributors would stand deeper than LEVELS_MAX",
        "not_a_distributor": "who was never approved can be neither suspended nor restored",
        "unknown_link": "applied all the same: the registration names a link, and links are not known yet",
    },
    "Orders and refunds": {
        "order_conflict": "the order is known with another content; the first one stands",
        "refund_conflict": "the order's refund of this id is known with another content; the first one stands",
        "refund_capped": "applied: more was to be refunded than is left, so what is left was",
        "unknown_line": "lines the order does not have were left out; refused where it names no other",
    },
    "Withdrawals; when several apply, the first of the list": {
        "arrears_outstanding": "the member owes commission back",
        "insufficient_available": "more than is available",
        "limit_min": "less than the smallest withdrawal",
        "limit_single": "more than one withdrawal may be",
        "unknown_withdrawal": "there is no withdrawal of this id",
        "already_decided": "the withdrawal was decided before",
    },
    "Checks": {
        "check_conflict": "the check_id is known with another order",
    },
    "The installation": {
        "brand_exists": "there is a brand of this name",
        "job_cancelled": "the job was cancelled before it was done",
        "job_lost": "the worker was lost several times while it did this job",
        "clock_is_real": "only a simulated clock can be moved",
        "clock_backwards": "a simulated clock never goes back",
    },
    "The platform itself": {
        "still_working": "accepted, and takes effect later; ask again, with the same Idempotency-Key",
        "busy": "more is asked for than can be done at once; nothing was stored, try again",
        "failed": "the event was set aside after several tries; it is kept and can be replayed",
        "refused": "a consumer refused a command and said no more",
        "not_ready": "a store or process the platform needs does not answer; the problem says which",
        "postgres_unavailable": "Postgres does not answer; nothing was stored, try again",
        "neo4j_unavailable": "Neo4j does not answer, or not in time; try again",
        "redis_unavailable": "Redis does not answer; try again",
        "kafka_unavailable": "Kafka does not answer; what comes by topic waits, and its dead letters cannot be seen",
        "turn_lost": "another worker reads the stream now; this one waits for its turn",
        "internal": "a defect of ours; it was logged",
    },
}
"""By subject: code -> meaning. Codes of an import's report stand in docs/guides/import.md."""


def meanings() -> dict[str, str]:
    """Every code with its meaning."""
    return {code: meaning for group in CODES.values() for code, meaning in group.items()}
