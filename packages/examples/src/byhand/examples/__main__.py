"""`python -m byhand.examples`."""

from byhand.examples.cli import main

if __name__ == "__main__":
    main()
