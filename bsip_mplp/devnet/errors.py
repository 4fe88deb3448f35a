"""Refusals of the chain, in the shape that core's ``fc::exception`` has on the wire.

::

    ChainError                  any refusal; code, name and words as core has them
    ├── AssertError             a rule does not hold (``FC_ASSERT``), code 10
    ├── BadCast                 a value of a wrong type in a request, code 7
    └── MethodNotFound          no such method, code 22

Every layer that a refusal passes adds a frame, so that clients that read the stack find what they know.
"""

from __future__ import annotations

import re
from typing import Any

_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    import json

    return json.dumps(value, separators=(",", ":"))


class ChainError(Exception):
    """A refusal: ``code``, ``name`` and ``what`` as in core, ``frames`` from the inside out."""

    code = 0
    name = "exception"
    what = "unspecified"

    def __init__(self, form: str, data: dict[str, Any] | None = None, *, where: str = "") -> None:
        super().__init__(form)
        self.frames: list[tuple[str, str, str, dict[str, Any]]] = []
        self.add(form, data or {}, where=where, level="error")

    def add(self, form: str, data: dict[str, Any], *, where: str, level: str = "warn") -> None:
        """Append a frame; ``where`` is ``file:method`` of the layer that saw the refusal."""
        self.frames.append((level, where, form, data))

    def words(self) -> str:
        """Core's ``to_string``: what it is, then each frame's text with its data filled in."""
        parts = [self.what + ":"]
        for _, _, form, data in self.frames:
            if form:
                parts.append(_PLACEHOLDER.sub(lambda m, d=data: _word(d.get(m[1], m[0])), form))  # type: ignore[misc]
        return " ".join(parts)

    def __str__(self) -> str:
        return self.words()

    def stack(self, timestamp: str) -> list[dict[str, Any]]:
        """The frames as the wire has them."""
        rows = []
        for level, where, form, data in self.frames:
            file, _, method = where.partition(":")
            context = {
                "level": level,
                "file": file,
                "line": 0,
                "method": method,
                "hostname": "",
                "thread_name": "devnet",
                "timestamp": timestamp,
            }
            rows.append({"context": context, "format": form, "data": data})
        return rows

    def to_json(self, timestamp: str) -> dict[str, Any]:
        """The ``error`` member of an answer."""
        return {
            "code": self.code,
            "message": "Execution error: " + self.words(),
            "data": {"code": self.code, "name": self.name, "message": self.what, "stack": self.stack(timestamp)},
        }


class AssertError(ChainError):
    """A rule does not hold; core's ``FC_ASSERT``."""

    code = 10
    name = "assert_exception"
    what = "Assert Exception"


class BadCast(ChainError):
    """A value of a wrong type in a request."""

    code = 7
    name = "bad_cast_exception"
    what = "Bad Cast"


class MethodNotFound(ChainError):
    """No such method in the interface that was called."""

    code = 22
    name = "method_not_found_exception"
    what = "Method Not Found"

    def to_json(self, timestamp: str) -> dict[str, Any]:
        """JSON-RPC has a code of its own for this one."""
        return {**super().to_json(timestamp), "code": -32601, "message": "Method not found"}


class InsufficientFeeds(ChainError):
    """The asset has no price feed."""

    code = 37006
    name = "insufficient_feeds"
    what = "insufficient feeds"


class DuplicateTransaction(ChainError):
    """The same transaction is in the chain or pending already."""

    code = 3030001
    name = "duplicate_transaction"
    what = "duplicate transaction"


class MissingActiveAuthority(ChainError):
    """The signatures do not reach the threshold of a required active authority."""

    code = 4010001
    name = "tx_missing_active_auth"
    what = "missing required active authority"


class MissingOwnerAuthority(ChainError):
    """The signatures do not reach the threshold of a required owner authority."""

    code = 4010002
    name = "tx_missing_owner_auth"
    what = "missing required owner authority"


class MissingOtherAuthority(ChainError):
    """The signatures do not reach the threshold of another required authority."""

    code = 4010003
    name = "tx_missing_other_auth"
    what = "missing required other authority"


class IrrelevantSignature(ChainError):
    """A signature that no required authority asked for."""

    code = 4010004
    name = "tx_irrelevant_sig"
    what = "irrelevant signature included"


class DuplicateSignature(ChainError):
    """Two signatures of the same key."""

    code = 4010005
    name = "tx_duplicate_sig"
    what = "duplicate signature included"


class InvalidCommitteeApproval(ChainError):
    """The committee account acts by proposal only."""

    code = 4010006
    name = "invalid_committee_approval"
    what = "committee account cannot directly approve transaction"


class InsufficientFee(ChainError):
    """Less fee than the schedule asks for."""

    code = 4010007
    name = "insufficient_fee"
    what = "insufficient fee"


def rule(number: int, name: str, what: str) -> type[ChainError]:
    """Make the class of an operation's own refusal (``3050000 + 100 × operation + n``)."""
    return type(name, (ChainError,), {"code": number, "name": name, "what": what})


LimitOrderKilled = rule(3050101, "limit_order_create_kill_unfilled", "Killing limit order due to unable to fill")
LimitOrderMarketNotWhitelisted = rule(
    3050102, "limit_order_create_market_not_whitelisted", "The market has not been whitelisted by the selling asset"
)
LimitOrderMarketBlacklisted = rule(
    3050103, "limit_order_create_market_blacklisted", "The market has been blacklisted by the selling asset"
)
LimitOrderSellingUnauthorized = rule(
    3050104, "limit_order_create_selling_asset_unauthorized", "The account is not allowed to transact the selling asset"
)
LimitOrderReceivingUnauthorized = rule(
    3050105,
    "limit_order_create_receiving_asset_unauthorized",
    "The account is not allowed to transact the receiving asset",
)
LimitOrderInsufficientBalance = rule(3050106, "limit_order_create_insufficient_balance", "Insufficient balance")
LimitOrderNonexistent = rule(3050201, "limit_order_cancel_nonexist_order", "Order does not exist")
LimitOrderOwnerMismatch = rule(3050202, "limit_order_cancel_owner_mismatch", "Order owned by someone else")
LimitOrderUpdateNonexistent = rule(3057701, "limit_order_update_nonexist_order", "Order does not exist")
LimitOrderUpdateOwnerMismatch = rule(3057702, "limit_order_update_owner_mismatch", "Order owned by someone else")
ReviewPeriodRequired = rule(3052201, "proposal_create_review_period_required", "review_period required")
ReviewPeriodInsufficient = rule(
    3052202, "proposal_create_review_period_insufficient", "review_period of proposal is insufficient"
)
TransferFromNotWhitelisted = rule(3050001, "transfer_from_account_not_whitelisted", "owner mismatch")
TransferToNotWhitelisted = rule(3050002, "transfer_to_account_not_whitelisted", "owner mismatch")
TransferRestricted = rule(3050003, "transfer_restricted_transfer_asset", "restricted transfer asset")
AccountMaxAuthorityExceeded = rule(3050501, "account_create_max_auth_exceeded", "Exceeds max authority fan-out")
AccountAuthorityNotFound = rule(3050502, "account_create_auth_account_not_found", "Auth account not found")
AssetReserveInvalid = rule(3051501, "asset_reserve_invalid_on_mia", "invalid on mia")
OverrideNotPermitted = rule(3053801, "override_transfer_not_permitted", "not permitted")


def require(holds: bool, form: str, data: dict[str, Any] | None = None, *, where: str = "") -> None:
    """Raise :class:`AssertError` unless ``holds``. Keep the arguments cheap: they are evaluated either way."""
    if not holds:
        raise AssertError(form, data, where=where)
