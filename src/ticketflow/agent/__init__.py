"""The agent: from a ticket to a decision and its effect, one file for each step."""
