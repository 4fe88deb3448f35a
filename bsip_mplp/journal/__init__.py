"""The journal: inputs, outcomes and orders in one transaction each, chained by hash."""
