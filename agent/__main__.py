"""`python -m agent`."""

import sys

from agent.lean import stay_lean

stay_lean()  # before anything that would import pandas

from agent.cli import main  # noqa: E402 -- after the line above

sys.exit(main(sys.argv[1:]))
