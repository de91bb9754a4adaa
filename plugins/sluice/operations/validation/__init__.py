"""What is wrong or missing in specs, policies and the dbt project."""
