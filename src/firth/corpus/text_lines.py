"""Text in pieces of any length -> pieces that end with a line."""

from collections.abc import Iterator

from firth.errors import CorpusError


def whole_lines(texts: Iterator[str], name: str, most: int) -> Iterator[str]:
    """Yield the same text in pieces that end behind "\\n", a "\\r" that is no half of "\\r\\n", or the end of the file.

    name: names the file in messages. Raises CorpusError for a line of more than `most` characters.
    """
    parts: list[str] = []
    size = lines = 0
    for text in texts:
        end = max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1
        if not end:
            parts.append(text)
            size += len(text)
            if size > most:
                raise CorpusError(f"{name}: more than {most:,} characters in one line, after line {lines:,}")
            continue
        piece = "".join([*parts, text[:end]])
        lines += piece.count("\n")
        yield piece
        parts, size = [text[end:]], len(text) - end
    if rest := "".join(parts):
        yield rest
