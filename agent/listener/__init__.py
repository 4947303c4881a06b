"""Listens for webhooks of Workable and callbacks of the interview platform, and keeps them in the inbox."""

from agent.listener.server import Listener

__all__ = ["Listener"]
