"""Refusals: named values with a code and a status. A bug is an assert, never a refusal."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FieldError:
    """One offending field of a bad input; ``field`` is a dotted path such as ``data.lines.0.paid_fen``."""

    field: str
    code: str
    message: str

    def as_dict(self) -> dict[str, str]:
        return {"field": self.field, "code": self.code, "message": self.message}


@dataclass(slots=True)
class Refusal(Exception):
    """An answer that says no: status for HTTP, stable code, what to do next, and the fields it is about."""

    status: int
    code: str
    detail: str
    errors: tuple[FieldError, ...] = field(default=())
    retry_after_seconds: int | None = None

    def as_problem(self) -> dict[str, object]:
        """The problem+json body (RFC 9457) of this refusal."""
        problem: dict[str, object] = {
            "type": f"urn:trefoil:problem:{self.code}",
            "title": self.code.replace("_", " "),
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
        if self.errors:
            problem["errors"] = [error.as_dict() for error in self.errors]
        return problem


def invalid(errors: list[FieldError], status: int = 422) -> Refusal:
    """The refusal of a bad input: its code is that of the first field error."""
    first = errors[0]
    return Refusal(status, first.code, f"{first.field}: {first.message}", tuple(errors))


def not_found(what: str) -> Refusal:
    """404 for a thing that does not exist, or is another brand's or another member's."""
    return Refusal(404, "not_found", f"there is no such {what}")


def unavailable(store: str) -> Refusal:
    """503 while a store is away; nothing of the request was kept."""
    detail = f"{store} does not answer; nothing was stored, try again"
    return Refusal(503, f"{store}_unavailable", detail, retry_after_seconds=1)


def busy() -> Refusal:
    """503 while more is asked for than can be done at once; nothing of the request was kept."""
    return Refusal(
        503, "busy", "too much is asked for at this moment; nothing was stored, try again", retry_after_seconds=1
    )
