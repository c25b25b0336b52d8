"""What if, and knew-then beside know-now, of a `Log`: for Python, and for the commands of the same names."""

from app.whatif.answers import HindsightAnswer, WhatIfAnswer
from app.whatif.ask import hindsight, setup_of, what_if

__all__ = ["HindsightAnswer", "WhatIfAnswer", "hindsight", "setup_of", "what_if"]
