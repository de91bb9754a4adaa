"""When environments are open, and how large their warehouses are."""
