"""Text and trees of SQL; knows no account."""
