"""The parts that the grammar of account statements is made of; the statements themselves are in `objects`."""
