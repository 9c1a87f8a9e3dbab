"""What it costs to be watched, and what a recording of any length costs."""
