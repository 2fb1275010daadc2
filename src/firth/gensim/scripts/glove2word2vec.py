"""gensim.scripts.glove2word2vec: files of GloVe with the header line of word2vec."""

from firth.files.paths import AnyPath
from firth.formats.convert import convert
from firth.gensim._paths import readable, writable


def glove2word2vec(glove_input_file: AnyPath, word2vec_output_file: AnyPath) -> tuple[int, int]:
    """Write the vectors of a GloVe file in word2vec's text format. Returns their number and dimension.

    `KeyedVectors.load_word2vec_format(path, no_header=True)` reads the GloVe file itself. Raises FormatError.
    """
    done = convert(
        readable(glove_input_file, "vectors of GloVe's"), writable(word2vec_output_file), "word2vec-text", vocab=None
    )
    return done.words, done.dim
