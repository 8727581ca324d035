"""`python -m depesza` is the command `depesza`."""

import sys

from depesza.cli import main

sys.exit(main())
