"""Bringing a release to an environment."""
