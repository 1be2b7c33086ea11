"""Language models, never trusted: what they say is data that code checks. The beginning of it: `parsing`."""
