import numpy as np

from firth.corpus._scan import blank_unicode_spaces, renumber


def test_blanking_stays_inside_the_block():
    block = np.frombuffer("a\u2003b\xa0".encode() + b"\xe2\x80\x83" * 4, np.uint8).copy()
    blank_unicode_spaces(block, 7)
    assert block.tobytes() == b"a   b  " + b"\xe2\x80\x83" * 4


def test_renumbering_in_pieces_of_any_size():
    raw = np.array([0, 1, -1, 2, -1, 2, 0, -1, 1, 1, -1], np.int32)
    numbers = np.array([1, 0, -1], np.int32)
    for size in range(1, len(raw) + 1):
        kept, (offsets, places) = np.zeros(3, np.int64), np.empty((2, size), np.int64)
        ids, ends, lines_of = [], [], []
        for start in range(0, len(raw), size):
            piece = raw[start : start + size].copy()
            filled, lines = renumber(piece, numbers, offsets, places, kept)
            ids += piece[:filled].tolist()
            ends += offsets[:lines].tolist()
            lines_of += places[:lines].tolist()
        assert ids == [1, 0, 1, 0, 0]
        assert ends == [2, 3, 5]
        assert lines_of == [0, 2, 3]
        assert kept.tolist() == [5, 5, 4]


def test_lines_are_not_numbered_where_there_is_no_room_for_numbers():
    kept, offsets = np.zeros(3, np.int64), np.empty(4, np.int64)
    assert renumber(np.array([0, -1, -1, 0], np.int32), np.zeros(1, np.int32), offsets, offsets[:0], kept) == (2, 1)
    assert kept.tolist() == [2, 1, 2]
