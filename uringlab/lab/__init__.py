"""The session: the command language, named resources, expectations, scripts.

>>> from uringlab.lab import Session
>>> with Session() as session:
...     session.run("do nop -> r1; expect r1 res=0")
"""

from uringlab.lab.errors import LineError
from uringlab.lab.session import Session

__all__ = ["LineError", "Session"]
