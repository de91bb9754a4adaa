"""Raw data for the Olist project: made deterministically at the published shape, or read from the original files."""

from include.olist.load import DayReport, LoadReport, append_day, load

__all__ = ["DayReport", "LoadReport", "append_day", "load"]
