"""What is stale or left over, and its removal."""
