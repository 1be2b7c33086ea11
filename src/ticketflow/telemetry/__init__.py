"""What operators see of an installation: metrics for Prometheus, and traces where OpenTelemetry is installed.

Neither holds a text, a customer or a workspace. Logs are written by `structlog` where things happen.
"""
