"""L4: the built-in boxes as torch modules. They take flat arguments and know no flow."""
