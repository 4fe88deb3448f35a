"""The BitShares chain, reached through python-bitshares and graphenelib."""
