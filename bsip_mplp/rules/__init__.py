"""The proposals, exact and pure: one noun a file, one engine for keeper, dry run, rehearsal and replay."""
