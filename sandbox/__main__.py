"""Runs the sandbox's command line: python -m sandbox."""

import sys

from sandbox.cli import main

sys.exit(main())
