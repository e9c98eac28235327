"""What commands do from end to end: run and analyse, chains of stages, confirm, export."""
