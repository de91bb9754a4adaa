"""The fleet: the clusters behind warehouses, what starts and stops them, and the monitors that watch them."""
