"""Touches Snowflake: every SQL text of ours lives in this room."""
