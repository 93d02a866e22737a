"""What a worker offers to measure: read as it is described, and a user's mistakes are told."""

from __future__ import annotations

import pytest

from advisor.errors import UserError
from advisor.measure.catalogue import offered, read_catalogue
from advisor.workers.worker import WorkerError
from tests.fakes.worker import workload


def test_two_files_of_one_name_are_refused(script, tmp_path):
    with pytest.raises(UserError, match="name of another workload") as caught:
        read_catalogue(script.argv, tmp_path, ["/a/mine.py", "/b/mine.py"])
    assert caught.value.where == "/b/mine.py"
    with pytest.raises(UserError, match="given twice"):
        read_catalogue(script.argv, tmp_path, ["/a/mine.py", "/a/mine.py"])


def test_a_workload_is_read_as_it_is_described(script, tmp_path):
    script.workloads = [workload("mine", source="mine.py", stream_calls=20)]
    [read] = read_catalogue(script.argv, tmp_path)
    assert read == offered(script.workloads[0])
    assert (read.id, read.source, read.stream_calls) == ("mine", "mine.py", 20)
    assert read.frameworks == {"pytorch", "jax"}
    assert read.sizes["medium"].size == {"n": 16}
    assert read.sizes["medium"].weighs


@pytest.mark.parametrize("spoilt", [[{}], [3], {"id": "x"}, "all"])
def test_what_is_no_list_of_workloads_is_the_workers_fault(script, tmp_path, spoilt):
    script.workloads = spoilt
    with pytest.raises(WorkerError) as caught:
        read_catalogue(script.argv, tmp_path)
    assert (caught.value.id, caught.value.case) == ("worker-garbage", "no-catalogue")
