"""What the account was used for: kept as it happens, shown in SNOWFLAKE.ACCOUNT_USAGE as late as Snowflake shows it."""
