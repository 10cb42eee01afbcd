"""Terms that hold a tuned base near the pretrained one: by weights, by features, by spectrum."""
