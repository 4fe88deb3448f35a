"""Stories played on a BitShares node by real accounts: the example of the proposal, and the life of long loans."""
