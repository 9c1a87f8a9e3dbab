"""What was done in a session, as a complete C program with liburing."""
