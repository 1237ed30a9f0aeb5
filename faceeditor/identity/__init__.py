"""Same person, many pictures: recogniser scores, boundaries in latent spaces, variations and data sets of people."""
