"""A workspace as a ZIP or a folder of JSON lines, and back into an empty one, on either database."""
