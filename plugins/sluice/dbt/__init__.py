"""Touches dbt: projects, profiles, runs, artifacts, releases."""
