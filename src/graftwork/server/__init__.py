"""L9: the studio's server. It translates between HTTP and the project, and decides nothing."""
