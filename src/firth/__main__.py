"""`python -m firth`: the command line."""

import sys

from firth.app.cli import main

sys.exit(main())
