"""``python -m jwstpipe`` is the command."""

from jwstpipe.cli.main import main

if __name__ == "__main__":
    main()
