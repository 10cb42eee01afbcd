"""Transfer by relations: how data points lie to each other, carried from a teacher to a student."""
