"""The plan of an exact run: its stages, and what it takes."""

import pytest

from firth.errors import ConfigError
from firth.exact import plan
from firth.settings import TrainConfig

CONFIG = TrainConfig(loss="softmax", dim=100, threads=1)


def test_a_large_vocabulary_is_halved_until_it_is_small(monkeypatch):
    monkeypatch.setattr(plan, "GROWN", 20)
    monkeypatch.setattr(plan, "SEED_WORDS", 20)
    assert plan.plan_stages(60, 120) == [(15, 30), (30, 60), (60, 120)]
    assert plan.plan_stages(20, 40) == [(20, 40)]
    assert plan.plan_stages(21, 21) == [(10, 10), (21, 21)]


def test_the_operations_are_those_of_all_passes_and_a_last_loss():
    config = TrainConfig(loss="softmax", dim=7, epochs=3)
    assert plan.run_flop([(50, 60)], config) == pytest.approx(6 * 50 * 60 * 7 * (3 + 1 / 3))
    before = 6 * 25 * 30 * 7 * (plan.STAGE_EPOCHS + 1 / 3)
    assert plan.run_flop([(25, 30), (50, 60)], config) == pytest.approx(before + plan.run_flop([(50, 60)], config))


@pytest.mark.parametrize("amount", [plan.estimate_seconds, plan.bytes_needed])
def test_what_a_run_takes_grows_with_the_work(amount):
    small, large = (amount(n, 2 * n, CONFIG) for n in (2_000, 8_000))
    assert 0 < small < large


def test_too_little_memory_is_refused_with_the_numbers(monkeypatch):
    need = plan.bytes_needed(2_000, 4_000, CONFIG)
    monkeypatch.setattr(plan, "physical_memory", lambda: need)
    plan.check_memory(2_000, 4_000, CONFIG)
    monkeypatch.setattr(plan, "physical_memory", lambda: need - 1)
    with pytest.raises(ConfigError, match=r"2,000 center words and 4,000 outside words of dimension 100 need .* GB"):
        plan.check_memory(2_000, 4_000, CONFIG)


def test_too_little_memory_for_the_start_is_refused(monkeypatch):
    monkeypatch.setattr(plan, "physical_memory", lambda: 20e9)
    plan.check_start_memory(10**9)
    with pytest.raises(ConfigError, match=r"from 2,000,000,000 counts needs up to 40\.0 GB .* 20\.0 GB: lower"):
        plan.check_start_memory(2 * 10**9)
