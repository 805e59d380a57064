"""Files of questions and answers that people have, in every form that is usual: one reader for training and for evaluation."""
