"""ACCOUNT_USAGE and ORGANIZATION_USAGE: what the account was used for, shown as late as Snowflake shows it."""
