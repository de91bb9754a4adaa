"""Warehouses as machines: clusters, resource monitors, metering."""
