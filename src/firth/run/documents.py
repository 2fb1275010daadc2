"""`firth.documents`: vectors of the lines of a text, with its progress shown."""

from typing import Any

from firth.declaring import declared, init_keywords_of, listed
from firth.display import Display
from firth.names import check_names
from firth.settings import GROUPS, DocumentOptions
from firth.vectors.container import WordVectors
from firth.vectors.documents import Documents, make_documents


@init_keywords_of(DocumentOptions)
def documents(vectors: WordVectors, source: Any, **settings: Any) -> Documents:
    """The vectors of documents, one a line of a text: row n is line n (from 0), blank lines too.

    `vectors` are word vectors. `source` is the path of a text (a file, glob pattern, folder or "-"), an open file, a
    list of these, any iterable of lists of tokens or, where `tokenizer` is given, of strings, or a table with `column`,
    as for `firth.train`. The text is streamed; it is read as the vectors' training text was, unless `lower`,
    `tokenizer` or `errors` say otherwise. Where a function divided that text, `tokenizer` must be given.

    method="sif" is smooth inverse frequency (Arora, Liang and Ma, 2017): the vector of a document with k known tokens
    is 1/k Σ a / (a + p(w)) v_w over these tokens, where p(w) is the share of w in `vectors.counts`; then the first
    principal component of all documents, not centered, is removed. method="mean" is 1/k Σ v_w. If the vectors have
    subwords, words never seen have the vectors of their n-grams, and p = 0; otherwise they are left out. A document
    without known words is a row of zeros.

    Raises ConfigError, CorpusError (also where no token has a vector, or too few lines to remove components from),
    FormatError for vectors that are not finite, VocabularyError and MissingExtraError (zst).
    """
    check_names(settings, list(declared(DocumentOptions)))
    options = DocumentOptions(**settings)
    with Display(options.quiet) as display:
        found = make_documents(vectors, source, options, display.reading, display.say)
        display.read_documents(len(found), int(found.known.sum()), int(found.tokens.sum()), found.unknown)
    return found


documents.__doc__ = f"{documents.__doc__}\n{listed(DocumentOptions, GROUPS)}"
