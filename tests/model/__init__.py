"""A second, plain reading of the rules, and random courses on which the engine is compared with it."""
