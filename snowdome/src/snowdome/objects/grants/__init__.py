"""Privileges and roles: granted, revoked, shown."""
