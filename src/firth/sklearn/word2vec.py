"""`Word2VecVectorizer`: word vectors learned from documents, and means of them for each document."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from firth.display import Display
from firth.run.documents import documents as document_vectors
from firth.settings import DocumentOptions
from firth.sklearn.errors import DocumentsError
from firth.sklearn.vectorizer import Vectorizer, fields_of
from firth.tokenizing import Tokenizer
from firth.vectors.directions import Floats
from firth.vectors.documents import Documents


class Word2VecVectorizer(Vectorizer):
    """Vectors of documents: `fit` learns word vectors from them, `transform` takes weighted means of these.

    method="sif" is smooth inverse frequency (Arora, Liang and Ma, 2017): a word with share p of the tokens has the
    weight a / (a + p), and the first principal components of the documents of `fit`, as many as `components`, are
    removed from all. method="mean" is the plain mean; then leave a and components as they are. A document without
    known words is a row of zeros.

    lower, tokenizer: texts are made lower-case and divided into tokens: "words" are runs of letters and digits,
    without punctuation; None stands for white space; other names, and functions, as for `firth.train`. Lists of tokens
    are taken as they are.

    loss, architecture, dim, window, min_count, max_vocab, epochs, lr, min_lr, subsample, negatives and maxn (with
    which words never seen have vectors, from their n-grams) are settings of `firth.train`, with its defaults; None
    stands for a default that depends on others. settings: a dict of its other settings, such as {"ns_exponent": 0.5}.

    The same seed gives the same vectors, byte for byte, with threads=1; more threads are faster, and the vectors then
    differ a little from run to run, except for loss="softmax". verbose shows progress on standard error.

    After `fit`, `vectors_` are the `firth.WordVectors` and `documents_` the `firth.Documents` of X.

    Example: make_pipeline(Word2VecVectorizer(dim=50), LogisticRegression()).fit(texts, labels)
    """

    documents_: Documents

    def __init__(
        self,
        *,
        method: str = "sif",
        a: float = 1e-3,
        components: int = 1,
        lower: bool = True,
        tokenizer: Tokenizer | None = "words",
        loss: str = "negative-sampling",
        architecture: str = "skipgram",
        dim: int = 100,
        window: int = 5,
        min_count: int = 5,
        max_vocab: int | None = None,
        epochs: int | None = None,
        lr: float | None = None,
        min_lr: float | None = None,
        subsample: float | None = None,
        negatives: int | None = None,
        maxn: int = 0,
        settings: Mapping[str, Any] | None = None,
        seed: int = 1,
        threads: int = 1,
        verbose: bool = False,
    ) -> None:
        self.method = method
        self.a = a
        self.components = components
        self.lower = lower
        self.tokenizer = tokenizer
        self.loss = loss
        self.architecture = architecture
        self.dim = dim
        self.window = window
        self.min_count = min_count
        self.max_vocab = max_vocab
        self.epochs = epochs
        self.lr = lr
        self.min_lr = min_lr
        self.subsample = subsample
        self.negatives = negatives
        self.maxn = maxn
        self.settings = settings
        self.seed = seed
        self.threads = threads
        self.verbose = verbose

    def _learn(self, documents: list[Any]) -> None:
        options: dict[str, Any] = {"method": self.method, "a": self.a, "components": self.components}
        DocumentOptions(**options)  # refuses wrong ones before the training
        if self.method == "sif" and 0 < len(documents) <= self.components:
            raise DocumentsError(
                f"X has n_samples = {len(documents)}, and components is {self.components}: nothing would be left of "
                "the documents. Give more documents, components=0, or method='mean'"
            )
        vectors = self._train(documents, maxn=self.maxn)
        quiet, reading = not self.verbose, self._reading(documents)
        self.documents_ = document_vectors(vectors, iter(documents), quiet=quiet, **options, **reading)
        self.vectors_ = vectors

    def _vectors_of(self, documents: list[Any]) -> Floats:
        options = dataclasses.replace(self.documents_.options, **self._reading(documents))
        with Display(not self.verbose) as display:
            made = dataclasses.replace(self.documents_, options=options)
            return np.asarray(made.transform(iter(documents), display.reading).matrix)

    def __getstate__(self) -> dict[str, Any]:
        """The same, and the documents' fields, without the word vectors, which are there already."""
        state = super().__getstate__()
        if "documents_" in state:
            state["documents_"] = fields_of(dataclasses.replace(self.documents_, vectors=None))
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what `__getstate__` gave."""
        super().__setstate__(state)
        if "documents_" in state:
            self.documents_ = dataclasses.replace(Documents(**state["documents_"]), vectors=self.vectors_)
