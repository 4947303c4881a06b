"""A pretend Workable and a pretend interview platform over real HTTP."""

from sandbox.server import Running, serve
from sandbox.switches import Switches
from sandbox.world import World

__all__ = ["Running", "Switches", "World", "serve"]
