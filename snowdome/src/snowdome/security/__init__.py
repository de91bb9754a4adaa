"""Names and rights: what a statement means by a name, and whether its role may."""
