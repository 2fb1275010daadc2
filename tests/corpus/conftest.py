import gc

import pytest


@pytest.fixture
def temporary(tmp_path):
    """A folder for temporary files; nothing may be left in it."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    yield folder
    gc.collect()
    assert list(folder.iterdir()) == []
