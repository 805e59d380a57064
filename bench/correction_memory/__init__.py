"""How evenly the memory of a lineage is asked, and whether a look-up finds a question's own correction."""
