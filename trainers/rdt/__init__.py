"""RDT: a diffusion transformer over action chunks in a unified action space."""
