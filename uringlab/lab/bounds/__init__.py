"""What a session's lines cannot leave: directories, and this machine. See docs/bounds.md."""
