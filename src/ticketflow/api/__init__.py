"""The REST API: thin routes over the use cases. Nothing here decides; it checks who asks, calls, and shapes JSON."""
