"""Files of vectors on the Hugging Face Hub: their addresses, files from there, files to there."""

import contextlib
import dataclasses
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from firth.errors import ConfigError, FirthError, FormatError, MissingExtraError
from firth.files.paths import refused
from firth.formats.known import FORMATS
from firth.formats.request import shown

PREFIX = "hf://"
VECTORS = "vectors.safetensors"
CARD = "README.md"

STATIC = ("model.safetensors", "tokenizer.json", "config.json")
"""The files of a static embedding, of which the last may be missing: a folder that is read as a whole."""

ADDRESS = re.compile(r"hf://([^/@]+/[^/@]+)(?:@(refs/pr/\d+|[^/]+))?(?:/(.+))?", re.DOTALL)
REPOSITORY = re.compile(
    r"""
    (?!.*(--|\.\.|\.git(/|$)))
    [A-Za-z0-9_][\w.\-]{0,95}(?<![.\-])  # the user
    /
    [A-Za-z0-9_][\w.\-]{0,95}(?<![.\-])  # the name
    """,
    re.ASCII | re.VERBOSE,
)
REVISION = re.compile(r"(?!.*\.\.)[\w\-+][\w.\-+]*(?:/[\w\-+][\w.\-+]*)*", re.ASCII)
OTHER_KINDS = ("datasets", "spaces", "models", "buckets")
"""How addresses of other kinds of repositories begin; no user has such a name."""

LONGEST_NAME = 500
FILES_SHOWN = 20
LOG_IN = "log in with: hf auth login, or set HF_TOKEN"


@dataclasses.dataclass(frozen=True)
class Address:
    """A place on the Hub: repository "USER/NAME"; a branch, tag or commit, or None; a file in it, or ""."""

    repository: str
    revision: str | None = None
    file: str = ""

    def __str__(self) -> str:
        revision = "" if self.revision is None else f"@{self.revision}"
        return f"{PREFIX}{self.repository}{revision}" + (f"/{self.file}" if self.file else "")


def read_address(text: str) -> Address:
    """The parts of "hf://USER/NAME", "hf://USER/NAME@REVISION" and either with "/FILE". Raises ConfigError.

    A "/" in the name of a revision is written %2F, but for refs/pr/N.
    """
    found = ADDRESS.fullmatch(text)
    if found is None:
        raise ConfigError(f"the address is {shown(text)}: expected hf://USER/NAME, as in the address of its page")
    repository, revision, file = found.groups()
    check_repository(repository)
    if revision is not None:
        revision = unquote(revision)
        if len(revision) > LONGEST_NAME or not REVISION.fullmatch(revision):
            raise ConfigError(f"the revision is {shown(revision)}: expected the name of a branch or tag, or a commit")
    if file is not None and not _is_safe(file):
        raise ConfigError(f"the file is {shown(file)}: expected the path of a file in the repository")
    return Address(repository, revision, file or "")


def check_repository(name: str) -> None:
    """Raise ConfigError unless a name is USER/NAME by the Hub's rules."""
    if not REPOSITORY.fullmatch(name) or name.partition("/")[0] in OTHER_KINDS:
        raise ConfigError(
            f"the repository is {shown(name)}: expected USER/NAME, a user or organisation and a repository of models: "
            "each of at most 96 ASCII letters, digits and . - _, with a letter, digit or _ at both ends"
        )


def download(text: str) -> Path:
    """The local copy, in the Hub's own cache, of the vectors at an address; only what is new is transferred.

    Without a file in the address: vectors.safetensors; or else the only file whose ending means a format that firth
    reads, or the folder of a static embedding (model.safetensors and tokenizer.json). What the file holds is not
    checked here.

    Raises ConfigError for a wrong address, FormatError where the files do not tell which is meant, MissingExtraError
    without huggingface-hub, and FirthError where the Hub refuses or cannot be reached.
    """
    address = read_address(text)
    _library()
    with _bars(_watched()):
        if address.file:
            return _download(address, address.file)
        with contextlib.suppress(FileNotFoundError):
            return _download(address, VECTORS)
        return _download_only_one(address)


def check_upload(repository: str) -> None:
    """Raise ConfigError, MissingExtraError or FirthError if an upload cannot work; asks nothing of the network."""
    check_repository(repository)
    hub = _library()
    if hub.constants.HF_HUB_OFFLINE:
        raise FirthError("HF_HUB_OFFLINE is set, so nothing is sent to the Hub: unset it")
    if hub.get_token() is None:
        raise FirthError(f"there is no token for the Hub: {LOG_IN}")


def address_of(repository: str) -> str:
    """The address of a repository's page."""
    return f"{_library().constants.ENDPOINT}/{repository}"


def upload(repository: str, files: Mapping[str, Path | bytes], *, private: bool, bars: bool) -> None:
    """Upload files, given by their names there, in one commit; first make the repository if there is none.

    private: make it a private one. bars: whether to show bars on a terminal.

    Raises ConfigError where a private repository is wanted and there is a public one; otherwise as `check_upload`, and
    FirthError where the Hub refuses or cannot be reached.
    """
    check_upload(repository)
    hub = _library()
    api = hub.HfApi()
    additions = [
        hub.CommitOperationAdd(
            path_in_repo=name, path_or_fileobj=content if isinstance(content, bytes) else str(content)
        )
        for name, content in files.items()
    ]
    with _bars(bars and _watched()), _explained(Address(repository), writing=True):
        api.create_repo(repository, private=private or None, exist_ok=True)
        if private and not api.model_info(repository).private:
            raise ConfigError(
                f"{repository} is public, and --private asks for a private repository: make it private in the settings "
                "of its page, or leave --private out"
            )
        api.create_commit(repo_id=repository, operations=additions, commit_message="Word vectors and their card")


def _library() -> Any:
    try:
        import huggingface_hub
        import huggingface_hub.constants
        import huggingface_hub.errors
        import huggingface_hub.utils
    except ImportError as error:
        raise MissingExtraError('the Hugging Face Hub needs huggingface-hub: pip install "firth[hub]"') from error
    return huggingface_hub


def _download(address: Address, file: str) -> Path:
    """The local copy of one file. Raises FileNotFoundError where the repository has no such file but has others."""
    hub = _library()
    with _explained(dataclasses.replace(address, file=file), absent=not address.file):
        return Path(hub.hf_hub_download(address.repository, file, revision=address.revision))


def _download_only_one(address: Address) -> Path:
    """The local copy of the only file, or folder, of a repository that can be vectors."""
    with _explained(address):
        names = sorted(_library().HfApi().list_repo_files(address.repository, revision=address.revision))
    if set(STATIC[:2]) <= set(names):
        files = [_download(address, name) for name in STATIC if name in names]
        return files[0].parent
    suffixes = tuple(suffix for known in FORMATS.values() if known.read for suffix in known.suffixes)
    readable = [name for name in names if name.endswith(suffixes) and _is_safe(name)]
    if len(readable) == 1:
        return _download(address, readable[0])
    some = ", ".join(map(shown, (readable or names)[:FILES_SHOWN])) or "nothing"
    if readable:
        raise FormatError(
            f"{address} has no {VECTORS}, but {len(readable)} files that may hold vectors: name one of them in the "
            f"address, {address}/FILE: {some}"
        )
    raise FormatError(
        f"{address} has no file of vectors: expected {VECTORS}, or a file that ends in "
        f"{', '.join(dict.fromkeys(suffixes))}; found {some}"
    )


def _is_safe(file: str) -> bool:
    """Whether the path of a file in a repository stays in it on any system, and can be shown."""
    return (
        len(file) <= LONGEST_NAME
        and file.isprintable()
        and not any(character in file for character in "\\:")
        and not any(part in ("", ".", "..") for part in file.split("/"))
    )


def _watched() -> bool:
    """Whether someone sees bars: on a terminal, or in a notebook."""
    return "ipykernel" in sys.modules or (sys.stderr is not None and sys.stderr.isatty())


@contextlib.contextmanager
def _bars(wanted: bool) -> Iterator[None]:
    """Let the library show its bars inside the `with`, or not; an environment variable of its own goes first."""
    hub = _library()
    given = hub.constants.HF_HUB_DISABLE_PROGRESS_BARS is not None
    if wanted or given or hub.utils.are_progress_bars_disabled():
        yield
        return
    hub.utils.disable_progress_bars()
    try:
        yield
    finally:
        hub.utils.enable_progress_bars()


@contextlib.contextmanager
def _explained(address: Address, *, writing: bool = False, absent: bool = False) -> Iterator[None]:
    """Turn an error of the library in the `with` into a FirthError that says what to do.

    With `absent`, FileNotFoundError takes the place of the error for a file that the repository does not have.
    """
    try:
        yield
    except FirthError:
        raise
    except Exception as error:  # of the library, of the HTTP library of its version, or of its transfers
        if absent and _is_absent(error):
            raise FileNotFoundError(address.file) from error
        raise _refusal(address, error, writing) from error


def _is_absent(error: Exception) -> bool:
    errors = _library().errors
    return isinstance(error, errors.EntryNotFoundError) and not isinstance(error, errors.LocalEntryNotFoundError)


def _refusal(address: Address, error: Exception, writing: bool) -> FirthError:
    """What an error of the library means, and what to do about it."""
    hub = _library()
    errors, endpoint = hub.errors, hub.constants.ENDPOINT
    if isinstance(error, errors.LocalEntryNotFoundError):
        if hub.constants.HF_HUB_OFFLINE:
            return _offline(address)
        error = error.__cause__ if isinstance(error.__cause__, Exception) else error
    status = getattr(getattr(error, "response", None), "status_code", None)
    whole = Address(address.repository)
    if isinstance(error, errors.OfflineModeIsEnabled):
        return _offline(address)
    if isinstance(error, errors.RevisionNotFoundError):
        return FormatError(
            f"{whole} has no revision {shown(address.revision or 'main')}: see {endpoint}/{address.repository}/commits"
        )
    if _is_absent(error):
        return FormatError(
            f"{address}: there is no such file: see {endpoint}/{address.repository}/tree/{address.revision or 'main'}"
        )
    if isinstance(error, errors.GatedRepoError):
        return FirthError(
            f"{whole}: its authors ask for an agreement: agree on {endpoint}/{address.repository}, then {LOG_IN}"
        )
    if status == 403:
        what = "may not write there" if writing else "may not read there"
        return FirthError(f"{whole}: the token for the Hub {what}: {LOG_IN}, with a token that may")
    if status == 401 and (writing or not isinstance(error, errors.RepositoryNotFoundError)):
        return FirthError(f"{whole}: the Hub does not accept the token: {LOG_IN}")
    if status == 404 or isinstance(error, errors.RepositoryNotFoundError):
        return FirthError(
            f"{whole}: there is no such repository, or it is a private one: check the name; for a private one, {LOG_IN}"
        )
    if status is not None:
        return FirthError(f"{whole}: the Hub answers with status {status}: {_one_line(error)}")
    if isinstance(error, OSError) and error.filename is not None:
        return refused(Path(str(error.filename)), "cannot be used", error)
    if isinstance(error, ValueError):
        return FirthError(f"{whole}: the Hub refuses: {_one_line(error)}")
    return FirthError(
        f"{address}: no full answer from {endpoint}: {_one_line(error)}; check the connection and try again"
    )


def _offline(address: Address) -> FirthError:
    return FirthError(f"{address} is not in the cache, and HF_HUB_OFFLINE is set: unset it to download")


def _one_line(error: Exception) -> str:
    """What an error says, printable and cut."""
    text = " ".join(str(error).split())
    return "".join(character if character.isprintable() else "?" for character in text)[:200] or type(error).__name__
