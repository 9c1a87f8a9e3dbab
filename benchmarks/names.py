"""What the contenders are called."""

C = "C"
"""C with liburing."""
EACH = "PyPI each"
"""The PyPI package, filling in every SQE anew: its README's way."""
PUT = "PyPI put_sqe"
"""The PyPI package, putting SQEs that were prepared once: its fastest way."""
LOOP = "loop"
"""uringlab: a for loop over user_data and res of every CQE."""
COLUMNS = "columns"
"""uringlab: the user_data of every CQE, then the res of every CQE."""
BUFFER = "buffer"
"""uringlab: the results stay in the batch's buffer."""

ALL = (C, EACH, PUT, LOOP, COLUMNS, BUFFER)
OURS = (LOOP, COLUMNS, BUFFER)
