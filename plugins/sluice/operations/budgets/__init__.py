"""What environments cost, and what is done about it."""
