"""What relations between images carry over: labels to near images that have none."""
