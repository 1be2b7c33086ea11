"""What tools/client.py writes from openapi.json. Nobody edits it."""
