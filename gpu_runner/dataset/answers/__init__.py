"""What users and documents say the answers are: by question in context, who says so, and what contradicts it."""
