"""L6: published training ideas, a folder per mechanism; each function cites its paper."""
