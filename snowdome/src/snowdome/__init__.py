"""snowdome: a small Snowflake account in a snow dome, for laptops and tests; never for production data."""
