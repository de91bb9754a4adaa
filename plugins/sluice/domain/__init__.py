"""Decides: values in, values out. No clock, no client, no Airflow."""
