"""How much to retrain, which base, with what settings: advice, races, rankings, searches."""
