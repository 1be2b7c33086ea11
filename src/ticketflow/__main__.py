"""`python -m ticketflow` is the `ticketflow` command."""

from ticketflow.cli import main

if __name__ == "__main__":
    main()
