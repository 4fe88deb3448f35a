"""An embedded BitShares node: a development chain in one process."""
