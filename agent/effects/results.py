"""Reads back the result that an invite holds."""

import msgspec

from agent.effects.change import Context, Parked
from agent.platform import Result


def of(ctx: Context) -> Result:
    """The invite's present result. Raises Parked when it was erased meanwhile."""
    if ctx.about.result is None:
        raise Parked("no_result", "The result is not kept any more, so there is nothing to write.")
    return msgspec.convert(ctx.about.result, Result)
