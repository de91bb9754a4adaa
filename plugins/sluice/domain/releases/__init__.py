"""Immutable snapshots of a dbt project."""
