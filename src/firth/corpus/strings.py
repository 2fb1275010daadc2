"""Texts in memory, a line each -> blocks of valid UTF-8, as `TextReader` makes them of files."""

from collections.abc import Iterator

from firth.corpus.origin import InMemory
from firth.corpus.reader import BLOCK_SIZE, Progress
from firth.corpus.tokenizers import divider
from firth.errors import CorpusError
from firth.settings import Reading


class StringReader(InMemory):
    """Texts, each of which is one line: a line end inside one is white space.

    name: what is read, for a message. `progress` is called with the texts read, and None.
    """

    def __init__(self, texts: Iterator[str], name: str, reading: Reading, progress: Progress | None) -> None:
        super().__init__(name)
        self._texts, self._progress = texts, progress
        self._divider = divider(reading, name)

    def blocks_of_files(self) -> Iterator[Iterator[bytes]]:
        """Yield the blocks of all texts, each of which ends with a line."""
        yield self._blocks()

    def _blocks(self) -> Iterator[bytes]:
        batch: list[str] = []
        size = read = 0
        for text in self._texts:
            batch.append(one_line(text))
            size += len(text) + 1
            read += 1
            if size >= BLOCK_SIZE:
                yield from self._divided(batch, read)
                batch, size = [], 0
        if batch:
            yield from self._divided(batch, read)

    def _divided(self, batch: list[str], read: int) -> Iterator[bytes]:
        try:
            block = ("\n".join(batch) + "\n").encode()
        except UnicodeEncodeError as error:
            found = error.object[error.start : error.end]
            number = read - len(batch) + error.object.count("\n", 0, error.start)
            raise CorpusError(
                f"{self.name}: {found!r:.100} in text {number} (counted from 0) is a lone surrogate, which is no text; "
                "decode the text as UTF-8"
            ) from None
        yield from self._divider.divide(block)
        yield from self._divider.end()
        if self._progress is not None:
            self._progress(read, None)


def one_line(text: str) -> str:
    """A text with spaces in place of its line ends."""
    return text.replace("\n", " ").replace("\r", " ")
