"""firth.push and the way back, against a stub of the Hub."""

import json
import re

import numpy as np
import pytest

import firth
from firth.errors import ConfigError, FirthError, FormatError
from firth.formats import hub as hub_module
from firth.run.sharing import pull, push

PAIRS = ["tiger", "cat", "computer", "keyboard", "king", "queen", "money", "cash", "train", "car", "mile", "kilometer"]

pytestmark = pytest.mark.slow
"""Most start interpreters of their own."""


@pytest.fixture
def path(tmp_path):
    words = [*PAIRS, *(f"w{i}" for i in range(100))]
    center = np.random.default_rng(1).normal(size=(len(words), 8)).astype(np.float32)
    history = [{"epoch": 1, "loss": 2.5, "pairs": 10, "tokens": 500}]
    config = {"architecture": "cbow", "loss": "softmax", "dim": 8}
    path = tmp_path / "my.safetensors"
    firth.WordVectors(words, np.arange(len(words), 0, -1), center, center, config, history).save(path)
    return path


def test_what_is_pushed_comes_back(hub, path):
    code = f"import firth; print(firth.push({str(path)!r}, 'ada/v', license='mit', quiet=True))"
    printed = hub.run("-W", "error", "-c", code)
    files = hub.repositories["ada/v"].files
    assert sorted(files) == ["README.md", "vectors.safetensors"]
    assert files["vectors.safetensors"] == path.read_bytes()
    assert len(hub.repositories["ada/v"].commits) == 2  # the empty one, and one of both files
    assert not hub.repositories["ada/v"].private
    assert printed.stdout.startswith(f"Pushed(address='{hub.endpoint}/ada/v', files={{'vectors.safetensors': ")
    assert printed.stderr == ""
    card = files["README.md"].decode()
    assert card.startswith("---\nlicense: mit\n")
    assert "learned by CBOW with the exact softmax from a text of 500 tokens" in card
    assert "Not scored, because too few items are answered: wordsim353 (" in card

    loaded = "v = firth.load('hf://ada/v')"
    same = "print((v.center == w.center).all(), v.words == w.words, (v.counts == w.counts).all(), v.config == w.config)"
    back = hub.run("-c", f"import firth; {loaded}; w = firth.load({str(path)!r}); {same}")
    assert back.stdout == "True True True True\n"


def test_vectors_in_memory_are_pushed_and_large_files_go_to_the_large_storage(hub, path):
    hub.large = 2000
    code = (
        f"import firth; v = firth.load({str(path)!r}).normalized(); firth.push(v, 'ada/v', private=True, scores=False)"
    )
    told = hub.run("-c", code).stderr
    assert hub.repositories["ada/v"].private
    (stored,) = hub.storage.values()
    assert hub.repositories["ada/v"].files["vectors.safetensors"] == stored
    assert "## Scores" not in hub.repositories["ada/v"].files["README.md"].decode()
    size = f"{len(stored) / 1e6:,.1f} MB"
    assert told.startswith(f"uploading to {hub.endpoint}/ada/v: vectors.safetensors ({size}) and README.md (")
    code = "import firth; print(firth.load('hf://ada/v').norms.round(4).max())"
    assert hub.run("-c", code).stdout == "1.0\n"


def test_a_second_push_replaces_the_first(hub, path):
    hub.add("ada/v", {"vectors.safetensors": b"old", "notes.txt": b"kept"})
    hub.firth("push", path, "ada/v", "--no-scores")
    files = hub.repositories["ada/v"].files
    assert files["vectors.safetensors"] == path.read_bytes()
    assert files["notes.txt"] == b"kept"


def test_vectors_meant_to_be_private_do_not_go_to_a_public_repository(hub, path):
    hub.add("ada/v", {})
    message = hub.message(f"firth.push({str(path)!r}, 'ada/v', private=True, scores=False, quiet=True)")
    assert message.startswith("ConfigError ada/v is public, and --private asks for a private repository")
    assert hub.repositories["ada/v"].files == {}


@pytest.mark.parametrize(
    ("token", "refuse", "told"),
    [
        (None, None, "there is no token for the Hub: log in with: hf auth login, or set HF_TOKEN"),
        ("hf_wrong", None, "hf://ada/v: the Hub does not accept the token: log in with: hf auth login"),
        ("hf_right", ("create", 403), "hf://ada/v: the token for the Hub may not write there: log in with: hf auth"),
        ("hf_right", ("commit", 403), "hf://ada/v: the token for the Hub may not write there: log in with: hf auth"),
        ("hf_right", ("preupload", 404), "hf://ada/v: there is no such repository"),
        ("hf_right", ("commit", 413), "hf://ada/v: the Hub answers with status 413: "),
        ("hf_right", ("PUT", 501), "hf://ada/v: "),
    ],
)
def test_refusals_are_told_in_a_line(hub, path, token, refuse, told):
    hub.refuse, hub.large = refuse, 2000
    message = hub.message(f"firth.push({str(path)!r}, 'ada/v', scores=False, quiet=True)", token=token)
    assert message.startswith(f"FirthError {told}")
    assert len(message) < 400


def test_a_card_that_the_hub_refuses_is_told(hub, path):
    message = hub.message(f"firth.push({str(path)!r}, 'ada/v', license='nonsense', scores=False, quiet=True)")
    assert message.startswith("FirthError hf://ada/v: the Hub refuses: Invalid metadata in README.md.")
    assert '"license" must be one of [mit] or so' in message


def test_offline_mode_is_told_before_any_work(hub, path):
    message = hub.message("firth.push('absent.safetensors', 'ada/v')", HF_HUB_OFFLINE="1")
    assert message == "FirthError HF_HUB_OFFLINE is set, so nothing is sent to the Hub: unset it"
    assert hub.requests == []


@pytest.fixture
def no_network(monkeypatch):
    """A Hub that would take anything, so that what is wrong here is found first."""
    pytest.importorskip("huggingface_hub")
    monkeypatch.setattr("firth.run.sharing.check_upload", hub_module.check_repository)


@pytest.mark.parametrize(
    ("vectors", "repository", "more", "kind", "told"),
    [
        ("v.txt", "ada/v", {}, FormatError, r"v\.txt: .* run: firth convert v\.txt v\.safetensors"),
        ("absent.safetensors", "ada/v", {}, FormatError, "there is no such file"),
        ("v.txt", "ada", {}, ConfigError, "the repository is 'ada': expected USER/NAME"),
        ("v.txt", 3, {}, ConfigError, "the repository is 3: expected USER/NAME"),
        ("v.txt", "ada/v", {"license": "MIT License"}, ConfigError, "license is 'MIT License'"),
    ],
)
@pytest.mark.usefixtures("no_network")
def test_wrong_arguments_are_refused(vectors, repository, more, kind, told):
    with pytest.raises(kind, match=told):
        push(vectors, repository, **more)


@pytest.mark.usefixtures("no_network")
def test_a_file_that_is_not_firths_is_refused(tmp_path):
    (tmp_path / "v.safetensors").write_bytes(b"nothing")
    with pytest.raises(FirthError, match="not a whole safetensors file"):
        push(tmp_path / "v.safetensors", "ada/v")


def test_pull_copies_firths_own_files(hub, path, tmp_path):
    firth.load(path).save(path, half=True)  # which a conversion would not keep
    hub.add("ada/v", {"vectors.safetensors": path.read_bytes()})
    out = tmp_path / "out.safetensors"
    assert hub.firth("pull", "ada/v", "-o", out).stderr.splitlines() == [
        "downloading hf://ada/v",
        f"wrote {out}: 112 words, dimension 8",
    ]
    assert out.read_bytes() == path.read_bytes()
    assert not out.is_symlink()
    out.unlink()
    assert json.loads(hub.firth("pull", "hf://ada/v@main", "-o", out, "--json").stdout)["words"] == 112
    assert out.read_bytes() == path.read_bytes()


def test_pull_converts_other_formats(hub, tmp_path):
    hub.add("ada/v", {"a.txt": b"1 2\nred 1 2\n", "b.txt": b"1 2\nblue 3 4\n"})
    out = tmp_path / "out.safetensors"
    assert hub.firth("pull", "ada/v/b.txt", "-o", out, "--quiet").stderr == ""
    assert firth.load(out).words == ["blue"]


def test_pull_leaves_the_old_file_where_the_new_one_is_wrong(hub, path):
    hub.add("ada/v", {"vectors.safetensors": b"nothing"})
    before = path.read_bytes()
    run = hub.firth("pull", "ada/v", "-o", path, "--quiet", status=1)
    assert re.fullmatch("firth: error: .*not a whole safetensors file.*\n", run.stderr)
    assert path.read_bytes() == before


def test_pull_names_a_file_that_it_cannot_write_before_it_asks(tmp_path):
    with pytest.raises(FormatError, match=r"a vectors file ends in \.safetensors"):
        pull("ada/v", tmp_path / "v.txt")
    with pytest.raises(ConfigError, match="the address is 'hf://ada'"):
        pull("ada", tmp_path / "v.safetensors", quiet=True)
