"""Every fact about Workable that nobody could verify, as a named switch with a default."""

from typing import Literal

import msgspec

# The section numbers are those of the fact sheet the sandbox was written from.


class Switches(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What the pretend Workable does where the documents leave it open; set by `POST /control/switches`."""

    # 2: the windows and headers
    rate: Literal["account", "partner", "off"] = (
        "account"  # account: each token kind's own limit; partner: 50
    )
    oauth_limit_scope: Literal["account", "global"] = "account"  # is an OAuth app's 50 counted per account?
    headers_on_errors: bool = False  # the one recorded 404 had no X-Rate-Limit-* headers
    headers_on_429: bool = True
    retry_after_on_429: int | None = None  # seconds; Retry-After is documented nowhere
    other_software_use: int = 0  # requests of each window that another program with the same token takes
    clock_skew: float = 0.0  # seconds the server's clock is ahead of ours (windows, Date, Reset, stamps)

    # 1.3 and 4.4: who may write, and how refusals look
    member_unknown_status: Literal[404, 422] = 404
    member_inactive_status: Literal[403, 404, 422] = 403
    team_needed: bool = True  # a simple member acts only on jobs whose hiring team has them (4.4, 8.10)
    frozen_job_states: list[str] = msgspec.field(default_factory=lambda: ["draft", "archived"])  # 8.10: 403
    scope_missing_status: Literal[401, 403] = 403  # 1.3

    # 4.4: effects and answers of writes
    second_rating_status: Literal[200, 201, 409, 422] = 422  # 200 and 201: the second one replaces the first
    rating_status: Literal[200, 201] = 201
    first_rating_bumps: bool = True  # 6: only the update of a rating was recorded
    same_stage_status: Literal[202, 422] = 422
    move_without_target: Literal["next", "refuse"] = "next"
    hiring_plan: bool = False  # on: a move to a hired stage needs a requisition
    custom_move_action: Literal["slug", "kind"] = "slug"  # 4.5: what `action` a move to a custom stage has
    duplicate_email_status: Literal[201, 422] = 422
    duplicate_in_pool_status: Literal[201, 422] = 201
    copy_back_link: bool = True  # 6: does originating_candidate_id name the source of a copy?
    tags_bump: bool = False  # 6
    post_processing: bool = True  # 6: updated_at moves 2 to 4 s after creation by itself
    post_processing_seconds: tuple[float, float] = (2.0, 4.0)
    max_attachment_bytes: int | None = None
    max_comment_length: int | None = None

    # 4.2, 4.3, 6: reads
    pool_in_list: bool = False  # talent-pool candidates in GET /candidates
    archived_in_list: bool = True  # candidates of archived jobs in GET /candidates
    withdrew_in_list: bool = False  # documented, but absent in the recordings
    anonymized_name: str | None = None  # what is left of the name after anonymization
    rename_changes_slug: bool = False
    positions_from: Literal[0, 1] = 1  # 4.1: the live account counted from 1, the documents from 0

    # 4.6 and 5: subscriptions and webhooks
    no_subscriptions_status: Literal[200, 404] = 404
    subscription_status: Literal[200, 201] = 201
    target_unique_per: Literal["account", "token", "event"] = "account"
    subscriptions_per_token: bool = False  # does a token see only its own?
    signature_encoding: Literal["hex", "base64"] = "hex"
    envelope_id: Literal["resource", "delivery"] = "resource"
    api_changes_fire: bool = True  # 6: do our own moves and creations echo as webhooks?
    disqualify_fires_moved: bool = False
    relocate_fires: Literal["deleted_created", "moved", "none"] = "deleted_created"
    copy_fires_created: bool = True
    bulk_move_fires: bool = True
    revocation_kills_subscriptions: bool = False
    webhook_retry_seconds: list[float] = msgspec.field(default_factory=lambda: [1.0, 5.0, 30.0, 120.0])
    webhook_timeout: float = 5.0

    def changed(self, changes: dict[str, object]) -> "Switches":
        """A copy with `changes`; raises msgspec.ValidationError for an unknown name or a wrong value."""
        return msgspec.convert({**msgspec.structs.asdict(self), **changes}, Switches)
