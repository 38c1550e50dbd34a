"""What several parents are made of: memory, densities, breeding, vocabularies; the parents lie one folder up."""
