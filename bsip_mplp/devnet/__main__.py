"""``python -m bsip_mplp.devnet``."""

import sys

from .command import main

sys.exit(main())
