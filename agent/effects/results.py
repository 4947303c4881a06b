"""Reads back the result that an invite holds."""

import msgspec

from agent.effects.change import Context
from agent.platform import Result


def of(ctx: Context) -> Result:
    """The invite's present result."""
    return msgspec.convert(ctx.about.result, Result)
