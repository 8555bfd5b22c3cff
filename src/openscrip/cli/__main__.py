"""`python -m openscrip.cli`."""

import sys

from openscrip.cli import main

sys.exit(main())
