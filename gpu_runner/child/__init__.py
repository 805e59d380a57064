"""Child processes that train and evaluate: started, followed, stopped; and their own side."""
