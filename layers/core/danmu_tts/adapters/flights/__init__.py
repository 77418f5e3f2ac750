"""Who is making what just now, among all processes."""
