"""From feedback and documents to training rows and evaluation items; torch-free."""
