"""The public rehearsal (RE-8): a chain to play on, an outside exchange beside it, and a table of who earned what."""
