"""Other policies on a recorded history."""
