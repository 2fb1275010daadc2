"""Files of tensors: their bytes, what the safetensors library reads from them, and damaged ones."""

import hashlib
import json
import os
import struct

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from firth.errors import FormatError
from firth.files import tensors as module
from firth.files.tensors import read_tensors, row_blocks, write_tensors

TENSORS = {
    "numbers": np.arange(6, dtype=np.int64) - 2**40,
    "matrix": np.arange(6, dtype=np.float32).reshape(2, 3) / 7,
    "bytes": np.arange(5, dtype=np.uint8),
    "none": np.ones((0, 3), np.float32),
}
METADATA = {"about": "{}", "more": "naïve"}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "t.safetensors"


def edited(path, change):
    """Write the tensors, then let `change` edit the header of the file."""
    write_tensors(path, TENSORS, METADATA)
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + raw[8 + length :])
    return path


def test_what_is_written_is_read(path):
    write_tensors(path, TENSORS, METADATA)
    file = read_tensors(str(path))
    assert file.path == path
    assert file.metadata == METADATA
    assert list(file) == list(TENSORS)
    assert "matrix" in file
    assert "middle" not in file
    for name, array in TENSORS.items():
        dtype = {np.int64: "I64", np.float32: "F32", np.uint8: "U8"}[array.dtype.type]
        read = file.tensor(name, dtype, array.ndim)
        assert read.dtype == array.dtype
        np.testing.assert_array_equal(read, array)
        np.testing.assert_array_equal(file.tensor(name, dtype), array)
        if array.size:
            with pytest.raises(ValueError, match="read-only"):
                read[0] = 0
    assert os.listdir(path.parent) == [path.name]


def test_the_bytes_literally(path):
    write_tensors(path, {"a": np.array([[1.0, 2.0]], np.float32), "b": np.array([3], np.uint8)}, {"k": "v"})
    header = (
        b'{"__metadata__": {"sha256": "'
        + b"0" * 64
        + b'", "k": "v"}, "a": {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]}, '
        b'"b": {"dtype": "U8", "shape": [1], "data_offsets": [8, 9]}}'
    )
    header += b" " * (-len(header) % 8)
    whole = struct.pack("<Q", len(header)) + header + struct.pack("<ffB", 1, 2, 3)
    checksum = hashlib.sha256(whole).hexdigest()
    assert path.read_bytes() == whole.replace(b"0" * 64, checksum.encode())
    assert read_tensors(path).checksum == checksum


def test_every_flipped_bit_is_found(path):
    write_tensors(path, {"a": np.array([[1.0, 2.0]], np.float32)}, {"k": "v"})
    parts = []
    read_tensors(path).check(parts.append)
    assert parts[-1] == 1
    whole = path.read_bytes()
    for place in range(8, len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
        with pytest.raises(FormatError):
            read_tensors(path).check()


def test_a_file_of_another_program_has_no_checksum(path):
    save_file({"a": np.zeros(3, np.float32)}, path)
    assert read_tensors(path).checksum is None
    with pytest.raises(FormatError, match="no checksum in the file"):
        read_tensors(path).check()


def test_the_safetensors_library_reads_the_file(path):
    write_tensors(path, TENSORS, METADATA)
    for name, array in load_file(path).items():
        np.testing.assert_array_equal(array, TENSORS[name])
    with safe_open(path, framework="np") as file:
        assert file.metadata() == {"sha256": read_tensors(path).checksum} | METADATA


def test_a_file_without_metadata_and_with_other_types_is_read(path):
    save_file({"half": np.ones(3, np.float16), "whole": np.ones(2, np.float32)}, path)
    file = read_tensors(path)
    assert file.metadata == {}
    assert file.tensor("whole", "F32").tolist() == [1, 1]
    with pytest.raises(FormatError, match=r"tensor 'half' is F16 of shape \[3\]: expected F32 with 1 dimension$"):
        file.tensor("half", "F32", 1)


def test_matrices_are_written_block_by_block(path, tmp_path, monkeypatch):
    """The same bytes, and never a copy of a whole matrix whose rows are padded."""
    matrix = np.random.default_rng(2).normal(size=(17, 4)).astype(np.float32)
    write_tensors(path, {"matrix": matrix}, {})
    copies = []
    copy = np.ascontiguousarray
    monkeypatch.setattr(np, "ascontiguousarray", lambda array, dtype: copies.append(len(array)) or copy(array, dtype))
    monkeypatch.setattr(module, "BYTES_AT_ONCE", 40)  # two rows
    write_tensors(tmp_path / "blocks.safetensors", {"matrix": np.pad(matrix, [(0, 0), (0, 12)])[:, :4]}, {})
    assert (tmp_path / "blocks.safetensors").read_bytes() == path.read_bytes()
    assert copies == [2] * 8 + [1]
    assert [len(block) for block in row_blocks(matrix[:5])] == [2, 2, 1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda h: h["matrix"].update(dtype="I32"),
            r"'matrix' is I32 of shape \[2, 3\]: expected F32 with 2 dimensions",
        ),
        (lambda h: h["matrix"].update(shape=[6]), r"'matrix' is F32 of shape \[6\]: expected F32 with 2 dim"),
        (lambda h: h.update(x=h.pop("matrix")), "no tensor 'matrix': expected F32 with 2 dim"),
        (lambda h: h["matrix"].update(shape=[2, 4]), "not a whole safetensors file"),
        (lambda h: h["matrix"].update(shape=[2**62, 4]), "not a whole safetensors file"),
        (lambda h: h["matrix"].update(data_offsets=[0, 24]), "not a whole safetensors file"),
    ],
)
def test_a_wrong_header_is_refused(path, change, message):
    with pytest.raises(FormatError, match=message) as caught:
        read_tensors(edited(path, change)).tensor("matrix", "F32", 2)
    assert str(caught.value).startswith(f"{path}: ")


def test_every_truncation_is_refused(path):
    write_tensors(path, TENSORS, METADATA)
    raw = path.read_bytes()
    for length in range(len(raw)):
        path.write_bytes(raw[:length])
        with pytest.raises(FormatError, match="the file is empty" if length == 0 else "not a whole safetensors file"):
            read_tensors(path)


def test_the_message_about_a_header_holds_no_control_characters(path):
    text = b'{"a": {"dtype": "\x7fF\\u001b[31m", "shape": [1], "data_offsets": [0, 4]}}'
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(4))
    with pytest.raises(FormatError, match="not a whole safetensors file") as error:
        read_tensors(path)
    assert str(error.value).isprintable()
