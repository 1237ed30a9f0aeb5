"""`python -m faceeditor`."""

import sys

from faceeditor.cli import main

if __name__ == "__main__":
    sys.exit(main())
