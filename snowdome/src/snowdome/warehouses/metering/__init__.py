"""Metering: what warehouses ran, and what it cost, by the account's clock."""
