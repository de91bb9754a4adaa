"""Policies set on columns, tags, users and the account."""
