"""What `explain` says: one noun a file. Everything here is looked up, nothing is run.

Every answer is two to six lines. What depends on the kernel is asked of the running one.
"""
