"""What each statement does to the account, by kind of object."""
