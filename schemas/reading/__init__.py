"""Reading JSON strictly: text, lines and depth, with errors that name the field."""
