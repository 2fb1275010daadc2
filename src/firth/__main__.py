"""`python -m firth`: the command line."""

import sys

from firth.cli import main

sys.exit(main())
