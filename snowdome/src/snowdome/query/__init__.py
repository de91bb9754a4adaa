"""Queries: names bound to tables, masked, and answered."""
