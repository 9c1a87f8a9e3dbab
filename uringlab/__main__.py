"""`python -m uringlab`."""

from uringlab.cli.main import main

main()
