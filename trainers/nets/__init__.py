"""Networks and what they share: layers, preprocessing, generators of random numbers."""
