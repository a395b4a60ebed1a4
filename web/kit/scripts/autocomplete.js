// autocomplete
