"""`python -m captioner` is `captioner`."""

import sys

from captioner.cli import main

sys.exit(main())
