"""`firth.push`, and the way back: vectors to the Hugging Face Hub with their card, and from there into a file."""

import os
import shutil
from pathlib import Path
from typing import NamedTuple

from firth.display import Display
from firth.errors import ConfigError, FormatError
from firth.evaluate import evaluate
from firth.files.folders import TemporaryFolder
from firth.files.paths import as_path, reading, replacing
from firth.formats.card import CardScore, check_license, model_card
from firth.formats.detect import format_of
from firth.formats.hub import CARD, PREFIX, VECTORS, address_of, check_upload, download, read_address, upload
from firth.formats.loading import read
from firth.vectors.container import WordVectors
from firth.vectors.storage import SUFFIX, check_writable


class Pushed(NamedTuple):
    """Where vectors are on the Hub: the address of the page, and the bytes of each file by its name."""

    address: str
    files: dict[str, int]


def push(
    vectors: WordVectors | str | os.PathLike[str],
    repository: str,
    *,
    license: str | None = None,
    private: bool = False,
    scores: bool = True,
    quiet: bool = False,
) -> Pushed:
    """Upload vectors to the Hugging Face Hub; `firth.load("hf://USER/NAME")` reads them there.

    vectors: word vectors, or the path of a .safetensors file of firth's, which is uploaded as it is. repository:
    "USER/NAME", made if there is none. The upload is one commit of vectors.safetensors and README.md, the model card;
    it replaces files of these names.

    license: the Hub's name of a licence, such as "mit" or "cc-by-4.0", for the card. private: make the repository a
    private one. scores: put scores on the bundled benchmarks on the card. quiet: show no progress.

    The token is the one that `hf auth login` stores, or HF_TOKEN. Raises ConfigError for a wrong argument, FormatError
    for a file that firth did not write, MissingExtraError without huggingface-hub, and FirthError where the Hub refuses
    or cannot be reached.

    Example: firth.push("vectors.safetensors", "ada/my-vectors", license="cc-by-4.0")
    """
    if not isinstance(repository, str):
        raise ConfigError(f"the repository is {repository!r:.100}: expected USER/NAME")
    check_license(license)
    check_upload(repository)
    if isinstance(vectors, WordVectors):
        with TemporaryFolder(None, "the vectors", "Free some space there, or save them and give the file") as folder:
            path = Path(folder.file(VECTORS))
            vectors.save(path)
            return _push(path, vectors, repository, license, private, scores, quiet)
    path = as_path(vectors)
    if path.suffix != SUFFIX:
        raise FormatError(
            f"{path}: the Hub gets files of firth's, which end in {SUFFIX}: run: "
            f"firth convert {path} {path.with_suffix(SUFFIX).name}"
        )
    return _push(path, read(path), repository, license, private, scores, quiet)


def pull(address: str, out: str | os.PathLike[str], *, quiet: bool = False) -> WordVectors:
    """The vectors at an address on the Hub, written to the .safetensors file `out`, whole or not at all.

    address: "USER/NAME" with or without "hf://", "@REVISION" and "/FILE". A file of firth's is copied as it is, one of
    another format is converted. Raises as `firth.load`.
    """
    path = check_writable(out)
    address = address if address.startswith(PREFIX) else PREFIX + address
    display = Display(quiet)
    display.say(f"downloading {read_address(address)}")
    found = download(address)
    vectors = read(found)
    if format_of(found).name == "safetensors":
        with reading(found, "vectors") as source, replacing(path) as file:
            shutil.copyfileobj(source, file)
    else:
        vectors.save(path)
    return vectors


def _push(
    path: Path, vectors: WordVectors, repository: str, license: str | None, private: bool, scores: bool, quiet: bool
) -> Pushed:
    size = path.stat().st_size
    with Display(quiet) as display:
        found = _scores(vectors, display) if scores else []
    card = model_card(vectors, repository, size, license, found).encode()
    address = address_of(repository)
    display.say(
        f"uploading to {address}: {VECTORS} ({size / 1e6:,.1f} MB) and {CARD} ({len(card) / 1e3:,.1f} kB), in place of "
        "files of these names"
    )
    upload(repository, {VECTORS: path, CARD: card}, private=private, bars=not quiet)
    return Pushed(address, {VECTORS: size, CARD: len(card)})


def _scores(vectors: WordVectors, display: Display) -> list[CardScore]:
    """The scores on whole benchmarks, those that are bundled."""
    display.say("scoring on the bundled benchmarks")
    return [
        CardScore(one.benchmark, score.measure, score.value, score.low, score.high, one.answered, one.asked)
        for one in evaluate(vectors, progress=display.working).results
        if one.part == "whole"
        for score in (one.score,)
    ]
