"""L5: the heart. Build, freeze, plan, cache, train, prove."""
