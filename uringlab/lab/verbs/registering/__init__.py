"""`register …` and `unregister …`: every call of io_uring_register(2), one noun a file."""
