"""What a search learnt: which questions mattered, which ones together, and what made the winner; from the log alone."""
