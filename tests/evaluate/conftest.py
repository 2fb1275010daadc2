"""Vectors from rows, for the tests of benchmarks."""

import numpy as np
import pytest

from firth.vectors.container import WordVectors


@pytest.fixture
def make():
    """Word vectors from {word: row}; counts are ones, or those given."""

    def made(rows, counts=None):
        center = np.array(list(rows.values()), dtype=np.float32)
        counts = np.ones(len(rows), np.int64) if counts is None else np.array(counts, np.int64)
        return WordVectors(list(rows), counts, center, None, {}, [])

    return made


@pytest.fixture
def capitals(make):
    """Countries in a plane, and their capitals, all moved by one vector; "Oslo" alone is capitalised."""
    places = {"norway": [1, 0], "france": [0.2, 1], "ghana": [-1, 0.5], "japan": [-0.3, -1]}
    rows = {country: [*place, 0] for country, place in places.items()}
    rows |= {city: [*places[country], 0.4] for city, country in [("Oslo", "norway"), ("paris", "france")]}
    rows |= {city: [*places[country], 0.4] for city, country in [("accra", "ghana"), ("tokyo", "japan")]}
    return make(rows)
