"""Tools of those who develop snowdome; nothing that runs needs them."""
