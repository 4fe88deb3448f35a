"""Lending for BitShares margin positions, on the chain as it is."""
