"""Touches Snowflake: every SQL text of sluice is in this package."""
