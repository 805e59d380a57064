"""The checks of script, of words and of damage, measured on texts that nothing was learnt from."""
