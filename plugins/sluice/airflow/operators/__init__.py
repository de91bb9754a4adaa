"""One operator per capability: a few lines of verbs each, the stages do the work."""
