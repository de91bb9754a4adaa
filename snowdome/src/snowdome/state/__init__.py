"""What there is: records, rows, clock, locks, sessions."""
