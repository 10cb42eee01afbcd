"""L2: what a flow means. Ports, contracts, topology, check, fingerprint; no torch."""
