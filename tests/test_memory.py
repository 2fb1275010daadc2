"""The memory that a process may use: the machine's, its control groups' and its own limits, read from made files."""

import subprocess
import sys

import pytest

from firth import memory

GB = 10**9


@pytest.fixture
def system(tmp_path, monkeypatch):
    """A machine with 8 GB to spare and no limits, in files."""
    (tmp_path / "meminfo").write_text("MemTotal: 9000000 kB\nMemAvailable:    6812500 kB\nSwapFree: 1000000 kB\n")
    (tmp_path / "cgroup").write_text("0::/\n")
    (tmp_path / "groups").mkdir()
    for name, file in (("MACHINE", "meminfo"), ("OWN_GROUPS", "cgroup"), ("GROUPS", "groups")):
        monkeypatch.setattr(memory, name, tmp_path / file)
    monkeypatch.setattr(memory, "_own_limits", lambda: iter(()))
    return tmp_path


def test_the_memory_of_the_machine_is_a_number_of_bytes():
    assert memory.physical_memory() > 1e8
    assert memory.free_memory() > 1e6


def test_what_the_machine_has_free_counts_with_its_swap_space(system):
    assert memory.free_memory() == 1024 * 7812500


def test_a_system_that_tells_nothing_sets_no_limit(system):
    (system / "meminfo").write_text("gibberish\n\n: :\n")
    assert memory.free_memory() == float("inf")
    (system / "meminfo").unlink()
    (system / "cgroup").unlink()
    assert memory.free_memory() == float("inf")


def write(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(str(text))


def test_the_narrowest_group_limits_and_its_page_cache_is_free(system):
    (system / "cgroup").write_text("0::/outer/inner\n")
    groups = system / "groups"
    write(groups / "outer", memory__max=GB, memory__current=GB // 2, memory__stat="anon 1\nfile 300000000\n")
    write(groups / "outer" / "inner", memory__max="max\n")
    assert memory.free_memory() == 0.8 * GB
    assert memory.physical_memory() == GB
    write(groups / "outer" / "inner", memory__max=GB // 4)
    assert memory.free_memory() == memory.physical_memory() == GB // 4


def test_a_container_sees_its_own_group_as_the_root(system):
    (system / "cgroup").write_text("0::/docker/not-seen-from-inside\n")
    write(system / "groups", memory__max=GB)
    assert memory.physical_memory() == GB


def test_groups_of_the_first_version(system):
    (system / "cgroup").write_text("5:devices:/a\n4:memory:/a\n1:name=systemd:/a\n")
    write(
        system / "groups" / "memory" / "a",
        memory__limit_in_bytes=GB,
        memory__usage_in_bytes=2 * GB,
        memory__stat="cache 5\ntotal_cache 1500000000\n",
    )
    assert memory.free_memory() == GB // 2
    write(system / "groups" / "memory" / "a", memory__usage_in_bytes=9 * GB)
    assert memory.free_memory() == 0


@pytest.mark.parametrize("kind", ["RLIMIT_AS", "RLIMIT_DATA"])
def test_limits_of_the_process_count(kind):
    pytest.importorskip("resource")
    code = (
        "import resource; from firth.memory import free_memory, physical_memory\n"
        f"resource.setrlimit(resource.{kind}, ({GB}, {GB}))\n"
        f"assert physical_memory() == {GB}, physical_memory()\n"
        f"assert 0 < free_memory() < {GB}, free_memory()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
