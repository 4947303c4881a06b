"""The list of all customers: numbers, who needs attention, and one table."""

from dashboard import overview

overview.render()
