"""The words of the house: spaces, deciders, genomes, events, state, tasks, metrics, splits, protocols. No torch."""
