"""Warehouses: clusters, resource monitors, metering."""
