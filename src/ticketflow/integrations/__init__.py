"""Other systems: what is told to them, and what they send in."""
