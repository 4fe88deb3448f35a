"""One bot a file: what it watches, how often, and a pure `plan(view)`."""
