"""From a spec to what is in the account."""
