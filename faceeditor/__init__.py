"""Face Editor: paint a mask, see a face."""

from faceeditor.locales import use_plain_rules

__version__ = "0.1.0"

use_plain_rules()
