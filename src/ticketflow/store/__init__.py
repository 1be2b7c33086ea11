"""Rows in, values out: one file for each aggregate, holding every query on its tables.

Each function takes the open Session and the workspace; none commits.
"""
