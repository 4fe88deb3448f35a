"""The rehearsal: many simulated users on the engine that runs the pools, and what came of it (RE-1 to RE-11)."""
