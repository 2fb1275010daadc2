"""`firth` and `python -m firth`: the command line, and one line where Ctrl-C comes before it is there."""

import sys


def main() -> int:
    """Run the command line; return the exit status."""
    try:
        from firth.app.cli import main as command_line

        return command_line()
    except KeyboardInterrupt:
        print("firth: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
