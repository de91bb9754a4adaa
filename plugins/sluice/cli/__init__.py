"""The command line."""

from sluice.cli.app import app, main

__all__ = ["app", "main"]
