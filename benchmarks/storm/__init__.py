"""How fast a storm is: beside the same loop in C, and while somebody looks."""
