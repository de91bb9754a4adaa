"""`python -m sluice`: the command line where only a plugins/ folder is there, and no `sluice` on the PATH."""

from sluice.cli import main

if __name__ == "__main__":
    main()
