"""`python -m partimento`: the command line."""

from partimento.cli import main

raise SystemExit(main())
