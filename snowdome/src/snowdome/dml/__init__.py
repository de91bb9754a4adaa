"""DML: what changes rows of tables."""
