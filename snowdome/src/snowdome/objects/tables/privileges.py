"""Privileges on tables of all kinds."""

from __future__ import annotations

PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "TRUNCATE", "DELETE", "EVOLVE SCHEMA", "REFERENCES", "APPLYBUDGET")
