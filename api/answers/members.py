"""Members: profile, who stands above and below, bindings, tokens."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypeAliasType

from api.answers.fields import Answer, At, Page, shown

Standing = TypeAliasType("Standing", Literal["active", "suspended"])

_BOUND = {
    "state": "bound",
    "promoter_id": "m0",
    "since": "2026-11-01T00:00:00Z",
    "expires_at": "2027-04-30T00:00:00Z",
    "how": "order",
}


class Binding(Answer):
    """To whom a member is bound; all but ``state`` is null for one that never was."""

    model_config = shown(**_BOUND)

    state: Literal["bound", "expired", "none"]
    promoter_id: str | None
    since: At | None
    expires_at: At | None
    """It holds until just before."""
    how: str | None
    """What made it: ``request``, ``registration`` or ``order``."""


class Account(Answer):
    """An account of a member at a platform."""

    platform: str
    external_id: str | None
    """Masked; null of a member that was forgotten."""


class Profile(Answer):
    """A member."""

    model_config = shown(
        member_id="m1",
        status="active",
        kind="customer",
        is_distributor=True,
        grade="B",
        badges=[],
        inviter_id="m0",
        binding=_BOUND,
        accounts=[{"platform": "mini_program", "external_id": "oUpF…eS6o"}],
        registered_at="2026-11-01T00:00:00Z",
        growth_value=0,
    )

    member_id: str
    status: Standing
    """Of a distributor, whether it may earn; of everybody else ``active``."""
    kind: Literal["customer", "employee"]
    is_distributor: bool
    grade: str | None
    """Rank of a distributor, such as S, A or B."""
    badges: list[str]
    inviter_id: str | None
    """Who brought a distributor; null for a root and for everybody else."""
    binding: Binding
    accounts: list[Account]
    registered_at: At | None
    """Null of a member known by its orders alone."""
    growth_value: int


class Upline(Answer):
    """A person above a member."""

    model_config = shown(level=1, member_id="m0", since="2026-11-01T00:00:00Z")

    level: int
    """1 is the nearest."""
    member_id: str
    since: At
    """When the step to this person began to hold."""


class Uplines(Page):
    """Who stands above a member, the nearest first; at most three."""

    items: list[Upline]


class TeamMember(Answer):
    """A distributor of a team. Own figures and those of everybody below it are never added up."""

    model_config = shown(
        level=1,
        member_id="m2",
        grade="B",
        status="active",
        direct_count=0,
        team_count=0,
        customer_count=3,
        own_gmv_fen=50_000,
        team_gmv_fen=0,
        commission_fen=5_000,
    )

    level: int
    """Steps below the member asked about."""
    member_id: str
    """Masked where the caller is a member."""
    grade: str | None
    status: Standing | None
    direct_count: int
    """Distributors it brought itself."""
    team_count: int
    """All distributors below it."""
    customer_count: int
    """Buyers bound to it."""
    own_gmv_fen: int
    """Of orders it promoted itself, net of refunds."""
    team_gmv_fen: int
    """Of orders everybody below it promoted, net of refunds."""
    commission_fen: int
    """What it earned less what was taken back."""


class Team(Page):
    """The distributors below a member, level by level."""

    items: list[TeamMember]


class MemberToken(Answer):
    """A bearer token with which one member sees only itself."""

    model_config = shown(
        member_id="m1",
        token="eyJhbGciOiJIUzI1NiJ9.…",  # noqa: S106 - no password, an example
        expires_in_seconds=900,
    )

    member_id: str
    token: str = ""
    """Not in an answer given again."""
    expires_in_seconds: int
    shown: Literal["once"] = "once"
    """In place of the token, in an answer given again."""


class BindingMade(Answer):
    """The binding a request made."""

    model_config = shown(
        state="bound",
        seq=17,
        member_id="bob",
        promoter_id="ann",
        since="2026-11-01T00:00:00Z",
        expires_at="2027-04-30T00:00:00Z",
        how="request",
    )

    state: Literal["bound"]
    seq: int
    """The number of the request in the log."""
    member_id: str
    promoter_id: str
    since: At
    expires_at: At
    """It holds until just before."""
    how: str
    """What made it."""


class Moved(Answer):
    """What a move did, or would do."""

    model_config = shown(
        state="planned", member_id="m2", invited_by="ann", orders_affected=0, members_moved=4, depth_after=2
    )

    state: Literal["planned", "moved"]
    member_id: str
    invited_by: str | None
    """The new inviter; null for a root."""
    orders_affected: int
    """Orders keep their chains, so it is 0."""
    members_moved: int
    """The distributor and everybody below it."""
    depth_after: int
    """Distributor depth of the deepest one moved."""
    inviter_id: str | None = None
    """The new inviter once more; only of what was moved."""
    at: At | None = None
    """From when on; only of what was moved."""
