"""Vectors on the Hub: addresses, what is downloaded, and what goes wrong, against a stub of the Hub."""

import json

import numpy as np
import pytest

from firth.errors import ConfigError, MissingExtraError
from firth.formats.hub import Address, download, read_address
from firth.vectors.container import WordVectors

TEXT = b"2 2\nred 1 2\nblue 3 4\n"


def make():
    center = np.arange(1, 9, dtype=np.float32).reshape(2, 4)
    return WordVectors(["red", "blue"], np.array([3, 2]), center, center + 1, {"dim": 4}, [{"epoch": 1}])


@pytest.fixture
def stored(tmp_path):
    """The bytes of a vectors file."""
    make().save(tmp_path / "v.safetensors")
    return (tmp_path / "v.safetensors").read_bytes()


def words_at(hub, address, **more):
    code = f"import firth, json; v = firth.load({address!r}); print(json.dumps([v.words, v.center.tolist()]))"
    return json.loads(hub.run("-W", "error", "-c", code, **more).stdout)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("hf://ada/v", Address("ada/v")),
        ("hf://ada-1/my.v_2@main", Address("ada-1/my.v_2", "main")),
        ("hf://ada/v@feature%2Fnew/a/b.txt", Address("ada/v", "feature/new", "a/b.txt")),
        ("hf://ada/v@refs/pr/3/b.txt", Address("ada/v", "refs/pr/3", "b.txt")),
        ("hf://ada/v/glove @ 6B.txt", Address("ada/v", None, "glove @ 6B.txt")),
    ],
)
def test_addresses_are_read(text, address):
    assert read_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "hf://",
        "hf://ada",
        "hf://ada/",
        "hf:///v",
        "hf://ada/v/",
        "hf://ada/v\n",
        "hf://ada/v@",
        "hf://../v",
        "hf://ada/..",
        "hf://ada/v--w",
        "hf://ada/-v",
        "hf://ada/v.",
        "hf://ada/v.git",
        "hf://ada/vé",
        "hf://ada/" + "v" * 97,
        "hf://datasets/ada/v",
        "hf://ada/v@../../x",
        "hf://ada/v@a%2F..%2Fb",
        "hf://ada/v@%2Fetc",
        "hf://ada/v/../w.txt",
        "hf://ada/v//w.txt",
        "hf://ada/v/a\\..\\w.txt",
        "hf://ada/v/C:w.txt",
        "hf://ada/v/w\0.txt",
        "hf://ada/v/" + "w" * 1000,
    ],
)
def test_wrong_addresses_are_refused_before_anything_is_asked(text):
    with pytest.raises(ConfigError, match=r"expected") as caught:
        download(text)
    assert len(str(caught.value)) < 400


def test_the_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", None)
    with pytest.raises(MissingExtraError, match=r'pip install "firth\[hub\]"'):
        download("hf://ada/v")


def test_a_file_of_firths_is_loaded_and_then_comes_from_the_cache(hub, stored):
    repository = hub.add("ada/v", {"vectors.safetensors": stored, "README.md": b"#"})
    assert words_at(hub, "hf://ada/v") == [["red", "blue"], make().center.tolist()]
    assert words_at(hub, "hf://ada/v", HF_HUB_OFFLINE="1")[0] == ["red", "blue"]
    assert sum(line.startswith("GET") for line in hub.requests) == 1
    repository.commit({"vectors.safetensors": b"damaged"})
    assert "not a whole safetensors file" in hub.message("firth.load('hf://ada/v')")
    assert words_at(hub, f"hf://ada/v@{repository.oid(1)}")[0] == ["red", "blue"]
    assert words_at(hub, f"hf://ada/v@{repository.oid(1)}/vectors.safetensors")[0] == ["red", "blue"]


def test_bars_are_for_those_who_see_them(hub):
    code = (
        "from huggingface_hub.utils import are_progress_bars_disabled as off; from firth.formats.hub import _bars\n"
        "for wanted in (True, False):\n    with _bars(wanted): print(off())\n"
        "print(off())"
    )
    assert hub.run("-W", "error", "-c", code).stdout.split() == ["False", "True", "False"]
    assert hub.run("-W", "error", "-c", code, HF_HUB_DISABLE_PROGRESS_BARS="0").stdout.split() == ["False"] * 3


def test_queries_take_addresses(hub, stored):
    hub.add("ada/v", {"vectors.safetensors": stored})
    assert hub.firth("neighbors", "hf://ada/v", "red").stdout.startswith("blue\t0.9")


@pytest.mark.slow
def test_the_only_file_of_a_known_format_is_taken(hub):
    hub.add("ada/v", {"README.md": b"#", "sub/old.txt": TEXT, ".gitattributes": b""})
    assert words_at(hub, "hf://ada/v") == [["red", "blue"], [[1, 2], [3, 4]]]


@pytest.mark.slow
def test_several_files_are_listed(hub):
    hub.add("ada/v", {"a.txt": TEXT, "b.vec": TEXT, "README.md": b"#", "../c.txt": TEXT})
    message = hub.message("firth.load('hf://ada/v')")
    assert message.startswith("FormatError hf://ada/v has no vectors.safetensors, but 2 files")
    assert message.endswith("hf://ada/v/FILE: 'a.txt', 'b.vec'")
    assert words_at(hub, "hf://ada/v/b.vec")[0] == ["red", "blue"]


@pytest.mark.slow
def test_a_repository_without_vectors_says_what_it_has(hub):
    hub.add("ada/v", {"README.md": b"#", "weights\n.pt": b""})
    message = hub.message("firth.load('hf://ada/v')")
    assert "has no file of vectors: expected vectors.safetensors, or a file that ends in .safetensors, " in message
    assert message.endswith("found 'README.md', 'weights\\n.pt'")


@pytest.mark.slow
def test_a_static_embedding_is_a_folder(hub):
    hub.add("ada/v", {"model.safetensors": b"m", "tokenizer.json": b"t", "config.json": b"c", "onnx/model.onnx": b"o"})
    code = (
        "import os; from firth.formats.hub import download\n"
        "folder = download('hf://ada/v')\n"
        "print(*sorted(os.listdir(folder)), (folder / 'tokenizer.json').read_text())"
    )
    assert hub.run("-c", code).stdout.split() == ["config.json", "model.safetensors", "tokenizer.json", "t"]


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("hf://ada/none", "FirthError hf://ada/none: there is no such repository, or it is a private one"),
        ("hf://ada/hidden", "FirthError hf://ada/hidden: there is no such repository, or it is a private one"),
        ("hf://ada/v@other", "FormatError hf://ada/v has no revision 'other'"),
        ("hf://ada/v@other/a.txt", "FormatError hf://ada/v has no revision 'other'"),
        ("hf://ada/v/b.txt", "FormatError hf://ada/v/b.txt: there is no such file"),
    ],
)
@pytest.mark.slow
def test_what_is_not_there_is_named(hub, address, told):
    hub.add("ada/v", {"a.txt": TEXT})
    hub.add("ada/hidden", {"a.txt": TEXT}, private=True)
    assert hub.message(f"firth.load({address!r})", token=None).startswith(told)


@pytest.mark.slow
def test_a_private_repository_opens_with_the_right_token(hub):
    hub.add("ada/hidden", {"a.txt": TEXT}, private=True)
    assert words_at(hub, "hf://ada/hidden")[0] == ["red", "blue"]
    message = hub.message("firth.load('hf://ada/hidden')", token="hf_wrong")
    assert message.startswith(
        "FirthError hf://ada/hidden: the Hub does not accept the token: log in with: hf auth login"
    )


@pytest.mark.parametrize(
    ("status", "told"), [(403, "the token for the Hub may not read there"), (500, "answers with status 500")]
)
@pytest.mark.slow
def test_refusals_are_told(hub, status, told):
    hub.add("ada/v", {"vectors.safetensors": b""})
    hub.refuse = "resolve", status
    assert told in hub.message("firth.load('hf://ada/v')")


@pytest.mark.slow
def test_what_is_no_file_of_vectors_is_refused_by_its_reader(hub):
    hub.add("ada/v", {"vectors.safetensors": b"\x80\x04cposix\nsystem\n"})
    assert "FormatError" in hub.message("firth.load('hf://ada/v')")
    hub.add("ada/w", {"w.txt": b"1 2\nred x y\n"})
    assert "w.txt, line 2: " in hub.message("firth.load('hf://ada/w')")


def test_a_cut_connection_is_told(hub, stored):
    hub.add("ada/v", {"vectors.safetensors": stored})
    hub.cut = True
    message = hub.message("firth.load('hf://ada/v')")
    assert message.startswith("FirthError hf://ada/v/vectors.safetensors: no full answer from http://127.0.0.1")
    assert "try again" in message


@pytest.mark.slow
def test_a_hub_that_does_not_listen_is_told(hub):
    message = hub.message("firth.load('hf://ada/v')", HF_ENDPOINT="http://127.0.0.1:9")
    assert message.startswith("FirthError hf://ada/v/vectors.safetensors: no full answer from http://127.0.0.1:9: ")


@pytest.mark.slow
def test_offline_mode_is_told(hub):
    hub.add("ada/v", {"vectors.safetensors": b""})
    told = "FirthError hf://ada/v/vectors.safetensors is not in the cache, and HF_HUB_OFFLINE is set"
    assert hub.message("firth.load('hf://ada/v')", HF_HUB_OFFLINE="1").startswith(told)
    assert hub.requests == []


@pytest.mark.slow
def test_a_cache_that_cannot_be_written_is_named(hub, stored, tmp_path):
    hub.add("ada/v", {"vectors.safetensors": stored})
    (tmp_path / "taken").write_text("")
    message = hub.message("firth.load('hf://ada/v')", HF_HUB_CACHE=str(tmp_path / "taken" / "hub"))
    assert message.startswith(f"FormatError {tmp_path / 'taken'}")
