"""The keeper: scheduling of the bots, and their health."""
