"""Small scenarios for the tests of the rehearsal."""

from __future__ import annotations

from decimal import Decimal

from bsip_mplp.rehearsal.scenario import check

SMALL = {
    "name": "small",
    "title_en": "Small",
    "title_zh": "小",
    "days": 2,
    "step_seconds": 3600,
    "paths": 3,
    "seed": 7,
    "rule_sets": ["none", "peer"],
    "path": {"kind": "calm"},
    "users": {"lenders": 3, "tight": 3, "careful": 3, "absent": 2, "protected": 2, "called_on_purpose": 1},
}

VARIANT = {
    "name": "thin",
    "role": "illiquid",
    "title_en": "An illiquid bitasset",
    "title_zh": "流动性差的锚定资产",
    "changes": {"book.depth_share": 0.005},
    "paths": 2,
}

SWEEP = {
    "name": "lmcr-i2",
    "title_en": "LMCR and i2",
    "title_zh": "LMCR 与 i2",
    "x": {"key": "parameters.lmcr", "values": [Decimal("1.2"), Decimal("1.3")]},
    "y": {"key": "parameters.i2", "values": ["0.1", "0.2", "0.4"]},
    "paths": 2,
}


def scenario(**changes):
    """A scenario of a few users and paths, with some keys given otherwise."""
    return check({**SMALL, **changes})
