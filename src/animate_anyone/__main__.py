"""`python -m animate_anyone`: the command `animate-anyone`, where it is not on the path."""

from animate_anyone.cli import main

if __name__ == "__main__":
    main()
