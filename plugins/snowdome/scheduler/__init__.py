"""Work that no statement asks for, by the clock of the account: tasks and refreshes."""
