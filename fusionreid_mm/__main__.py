"""``python -m fusionreid_mm``: the command ``fusionreid``."""
import sys

from .cli import main

if __name__ == '__main__':
    sys.exit(main())
