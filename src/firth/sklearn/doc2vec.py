"""`Doc2VecVectorizer`: paragraph vectors, learned from documents and inferred for new ones."""

from collections.abc import Mapping
from typing import Any

from firth.run.infer import infer
from firth.sklearn.errors import ParameterError
from firth.sklearn.vectorizer import Vectorizer
from firth.tokenizing import Tokenizer
from firth.vectors.directions import Floats


class Doc2VecVectorizer(Vectorizer):
    """Paragraph vectors (Le and Mikolov, 2014): `fit` learns from documents, `transform` infers the vectors of others.

    architecture="skipgram" is PV-DBOW: a document's vector predicts its words, and words predict each other, except
    with documents_alone=True. architecture="cbow" is PV-DM: the mean of the vectors of a window and of its document
    predicts a word, or with concatenate=True all these side by side.

    `transform` infers the vectors of all documents, also of those of `fit`, so that `fit_transform` gives the same as
    `fit` and then `transform`, and training and new documents are treated alike. The vectors that training learned for
    the documents of `fit` are in `vectors_.documents`. infer_epochs: passes over each document; None stands for those
    of the training. A document without known words is a row of zeros.

    lower, tokenizer: texts are made lower-case and divided into tokens: "words" are runs of letters and digits,
    without punctuation; None stands for white space; other names, and functions, as for `firth.train`. Lists of tokens
    are taken as they are.

    loss, architecture, documents_alone, concatenate, dim, window, min_count, max_vocab, epochs, lr, min_lr, subsample
    and negatives are settings of `firth.train`, with its defaults; None stands for a default that depends on others.
    settings: a dict of its other settings, such as {"ns_exponent": 0.5}.

    The same seed gives the same vectors, byte for byte, with threads=1; more threads are faster, and the vectors then
    differ a little from run to run. verbose shows progress on standard error.

    After `fit`, `vectors_` are the `firth.WordVectors`.

    Example: make_pipeline(Doc2VecVectorizer(epochs=20), LogisticRegression()).fit(texts, labels)
    """

    def __init__(
        self,
        *,
        lower: bool = True,
        tokenizer: Tokenizer | None = "words",
        loss: str = "negative-sampling",
        architecture: str = "skipgram",
        documents_alone: bool = False,
        concatenate: bool = False,
        dim: int = 100,
        window: int = 5,
        min_count: int = 5,
        max_vocab: int | None = None,
        epochs: int | None = None,
        lr: float | None = None,
        min_lr: float | None = None,
        subsample: float | None = None,
        negatives: int | None = None,
        infer_epochs: int | None = None,
        settings: Mapping[str, Any] | None = None,
        seed: int = 1,
        threads: int = 1,
        verbose: bool = False,
    ) -> None:
        self.lower = lower
        self.tokenizer = tokenizer
        self.loss = loss
        self.architecture = architecture
        self.documents_alone = documents_alone
        self.concatenate = concatenate
        self.dim = dim
        self.window = window
        self.min_count = min_count
        self.max_vocab = max_vocab
        self.epochs = epochs
        self.lr = lr
        self.min_lr = min_lr
        self.subsample = subsample
        self.negatives = negatives
        self.infer_epochs = infer_epochs
        self.settings = settings
        self.seed = seed
        self.threads = threads
        self.verbose = verbose

    def _learn(self, documents: list[Any]) -> None:
        if self.infer_epochs is not None and self.infer_epochs < 1:
            raise ParameterError(f"infer_epochs is {self.infer_epochs!r:.100}: expected 1 or more, or None")
        kind = {"documents_alone": self.documents_alone, "concatenate": self.concatenate}
        self.vectors_ = self._train(documents, documents=True, **kind)

    def _vectors_of(self, documents: list[Any]) -> Floats:
        given: dict[str, Any] = {
            "epochs": self.infer_epochs,
            "seed": self.seed,
            "threads": self.threads,
            "quiet": not self.verbose,
        }
        return infer(self.vectors_, iter(documents), **given, **self._reading(documents))
