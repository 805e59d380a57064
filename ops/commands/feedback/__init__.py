"""Commands about feedback and documents."""
