"""Environments with an owner and an end."""
