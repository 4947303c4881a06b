"""The browser of the tests of the pages, for tests in which everything is real."""

from tests.dashboard.browser import chromium, page  # noqa: F401 -- fixtures, asked for by name
