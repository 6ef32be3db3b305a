"""Paper: what is out (`ledger`), what is left (`forecast`, by `opening` hours), and the slip that goes with it."""
