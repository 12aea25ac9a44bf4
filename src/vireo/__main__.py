"""`python -m vireo` is `vireo`."""

from vireo.cli import main

if __name__ == "__main__":
    main()
