"""Snowflake over HTTP: logging in, statements, results, and the controls of tests."""
