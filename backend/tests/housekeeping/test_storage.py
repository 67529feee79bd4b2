"""The data folder: each file counts once, and a clean-up removes nothing that is needed."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from visdl.housekeeping import Retention
from visdl.housekeeping import service as service_module
from visdl.models.errors import ConflictError
from visdl.models.events import LogEvent
from visdl.models.graph import Graph
from visdl.models.ids import new_id
from visdl.models.runs import FINAL, Run, RunState
from visdl.training.checkpoint import CheckpointFolder

from ..api.helpers import until
from ..support.data_folder import Folder, age, checkpoints, put, share, size

S = RunState
ALL = {"checkpoint_days": 0, "leftovers": True}


@pytest.fixture
def folder(tmp_path):
    made = Folder(tmp_path)
    yield made
    made.store.close()


def test_every_file_counts_as_its_kind(folder):
    run = folder.run()
    put(folder.root / "datasets" / new_id() / "numbers-00000.npy", b"d" * 500)  # being imported
    put(folder.root / "uploads" / new_id(), b"u" * 70, hours_old=2)
    put(folder.root / "logs" / "server.log", b"l" * 30)
    put(run / "crash.txt", b"c" * 5)
    kinds = folder.kinds()
    assert kinds["checkpoints"] == size(*run.glob("checkpoints/*"))
    assert (kinds["artifacts"], kinds["datasets"], kinds["leftovers"], kinds["other"]) == (
        1005,
        500,
        70,
        30,
    )
    assert kinds["database"] == size(*folder.root.glob("visdl.db*"))


def test_a_shared_checkpoint_counts_once_and_is_listed_for_both_runs(folder):
    first, second = folder.run(steps=[100]), folder.run(steps=[])
    share(first, second)
    shared = size(*first.glob("checkpoints/*"))
    assert folder.kinds()["checkpoints"] == shared
    report = folder.storage.report()
    assert {run.id: (run.checkpoint_bytes, run.shared_bytes) for run in report.runs} == {
        first.name: (shared, shared),
        second.name: (shared, shared),
    }


def test_the_largest_runs_come_first_and_runs_without_files_not_at_all(folder):
    small, large = folder.run(steps=[]), folder.run(steps=[1, 2], starred=True)
    folder.store.add_run(Run(id=new_id(), name="empty", created=1.0), Graph(name="G"))
    report = folder.storage.report()
    assert [run.id for run in report.runs] == [large.name, small.name]
    assert report.runs[0].starred
    assert report.run_count == 3
    assert 0 < report.disk_free <= report.disk_total


@pytest.mark.parametrize("state", [state for state in S if state not in FINAL])
def test_a_run_that_can_resume_keeps_everything(folder, state):
    run = folder.run(state)
    scrap = put(run / "checkpoints" / "checkpoint-000000050.damaged", hours_old=99)
    assert folder.clean(**ALL).runs == []
    assert checkpoints(run) == ["checkpoint-000000100.pt", "checkpoint-000000200.pt"]
    assert scrap.exists()


def test_a_starred_run_keeps_everything(folder):
    run = folder.run(starred=True)
    scrap = put(run / "checkpoints" / "checkpoint-000000050.damaged", hours_old=99)
    report = folder.clean(**ALL)
    assert (report.runs, report.leftovers) == ([], [])
    assert len(checkpoints(run)) == 2
    assert scrap.exists()


@pytest.mark.parametrize("state", sorted(FINAL))
def test_an_ended_run_keeps_all_but_its_checkpoints(folder, state):
    run = folder.run(state)
    folder.store.append(run.name, [LogEvent(level="info", message="kept", time=1.0)])
    expected = size(*run.glob("checkpoints/*"))
    report = folder.clean(**ALL)
    assert [(one.id, one.checkpoints, one.bytes) for one in report.runs] == [
        (run.name, 2, expected)
    ]
    assert report.checkpoint_bytes == expected
    assert [file.name for file in run.rglob("*") if file.is_file()] == ["weights.safetensors"]
    assert folder.store.run(run.name).state is state
    assert [event.type for event in folder.store.events(run.name)] == ["state", "log"]


def test_only_runs_that_ended_long_enough_ago_lose_checkpoints(folder):
    old, new = folder.run(days=31), folder.run(days=29)
    assert [run.id for run in folder.clean(checkpoint_days=30).runs] == [old.name]
    assert (len(checkpoints(old)), len(checkpoints(new))) == (0, 2)


def test_nothing_is_removed_that_was_not_asked_for(folder):
    run = folder.run()
    upload = put(folder.root / "uploads" / new_id(), hours_old=2)
    assert folder.clean(leftovers=True).runs == []
    assert not upload.exists()
    put(upload, hours_old=2)
    assert folder.clean(checkpoint_days=0).leftovers == []
    assert upload.exists()
    assert checkpoints(run) == []


def test_a_run_that_is_starred_after_the_plan_is_kept(folder, monkeypatch):
    run, other = folder.run(), folder.run()
    plan_cleanup = service_module.plan_cleanup

    def starred_a_moment_later(*given):
        plan = plan_cleanup(*given)
        folder.store.patch_run(run.name, starred=True)
        return plan

    monkeypatch.setattr(service_module, "plan_cleanup", starred_a_moment_later)
    assert [one.id for one in folder.clean(**ALL).runs] == [other.name]
    assert len(checkpoints(run)) == 2


def test_a_run_that_is_deleted_after_the_plan_is_skipped(folder, monkeypatch):
    run = folder.run()
    plan_cleanup = service_module.plan_cleanup

    def deleted_a_moment_later(*given):
        plan = plan_cleanup(*given)
        folder.store.delete_run(run.name)
        return plan

    monkeypatch.setattr(service_module, "plan_cleanup", deleted_a_moment_later)
    report = folder.clean(**ALL)
    assert (report.runs, report.problems) == ([], [])


def test_a_checkpoint_that_a_kept_run_shares_stays_since_its_removal_would_free_nothing(folder):
    first, second = folder.run(), folder.run(S.INTERRUPTED, steps=[300])
    share(first, second)
    lost = size(
        first / "checkpoints" / "checkpoint-000000100.pt",
        first / "checkpoints" / "checkpoint-000000100.json",
    )
    assert folder.would(**ALL).checkpoint_bytes == lost
    before = folder.kinds()["checkpoints"]
    assert folder.clean(**ALL).checkpoint_bytes == lost == before - folder.kinds()["checkpoints"]
    assert checkpoints(first) == ["checkpoint-000000200.pt"]
    manifest, payload = CheckpointFolder(second / "checkpoints").newest()
    assert (manifest.step, payload) == (300, {"step": 300})


def test_a_checkpoint_that_all_its_runs_lose_is_freed_once(folder):
    first, second = folder.run(steps=[100]), folder.run(steps=[])
    share(first, second)
    freed = folder.kinds()["checkpoints"]
    for ask in (folder.would, folder.clean):
        report = ask(**ALL)
        assert report.checkpoint_bytes == freed
        assert sorted(run.bytes for run in report.runs) == [0, freed]
    assert folder.kinds()["checkpoints"] == 0


def test_a_run_that_is_just_being_made_of_another_keeps_what_it_took(folder):
    """Its folder holds a checkpoint before there is a record of it."""
    first = folder.run(steps=[100])
    made = folder.root / "runs" / new_id()
    share(first, made)
    age(
        made / "checkpoints" / "checkpoint-000000100.pt", hours=5
    )  # as old as the run that it was taken from
    os.utime(made / "checkpoints")
    assert folder.clean(**ALL).runs == []
    assert CheckpointFolder(made / "checkpoints").newest() is not None
    assert len(checkpoints(first)) == 1


LEFT = {
    "a run without a record": "runs/{id}/checkpoints/checkpoint-000000001.pt",
    "a dataset without a record": "datasets/{id}/numbers-00000.npy",
    "an import that broke off": "datasets/.{id}-abcd1234/numbers-00000.npy",
    "an upload that broke off": "uploads/{id}",
    "a starter's table": ".starter-abcd1234/table.csv",
}


@pytest.mark.parametrize("place", LEFT.values(), ids=LEFT)
def test_orphans_are_removed_when_they_are_an_hour_old(folder, place):
    path = folder.root / place.format(id=new_id())
    put(path, b"x" * 77)
    assert folder.clean(**ALL).leftovers == []
    assert path.exists()
    for one in (path, *path.parents[: path.parts[::-1].index(folder.root.name)]):
        os.utime(one, (1, 1))
    assert folder.kinds()["leftovers"] == 77
    report = folder.clean(**ALL)
    assert (report.leftover_bytes, [one.bytes for one in report.leftovers]) == (77, [77])
    assert not path.exists()
    assert not (folder.root / report.leftovers[0].path).exists()
    assert folder.kinds()["leftovers"] == 0


def test_a_folder_in_which_anything_is_new_stays(folder):
    path = put(
        folder.root / "datasets" / f".{new_id()}-abcd1234" / "numbers-00000.npy", hours_old=3
    )
    new = put(path.with_name("numbers-00001.npy"))
    age(path, 3)
    assert folder.clean(**ALL).leftovers == []
    assert new.exists()


def test_an_upload_that_is_being_read_stays_however_long_that_takes(folder):
    name = new_id()
    upload = put(folder.root / "uploads" / name, hours_old=9)
    put(folder.root / "datasets" / f".{name}-abcd1234" / "numbers-00000.npy")
    assert folder.clean(**ALL).leftovers == []
    assert upload.exists()


@pytest.mark.parametrize(
    "name",
    ["checkpoint-000000300.damaged", ".checkpoint-000000300.pt.7.tmp", "checkpoint-000000300.pt"],
)
def test_scraps_of_an_ended_run_are_leftovers(folder, name):
    run = folder.run()
    scrap = put(run / "checkpoints" / name, b"s" * 9, hours_old=2)
    fresh = put(run / "checkpoints" / f"{name}.tmp", b"s" * 9)
    assert folder.kinds()["leftovers"] == 9
    report = folder.clean(leftovers=True)
    assert [one.path for one in report.leftovers] == [str(scrap.relative_to(folder.root))]
    assert (scrap.exists(), fresh.exists(), len(checkpoints(run))) == (False, True, 2)


def test_files_that_a_user_added_are_not_removed(folder):
    mine = [
        put(folder.root / place, hours_old=99)
        for place in (
            "runs/backup/weights.pt",
            "datasets/notes/a.csv",
            "runs/todo.txt",
            "mine/x",
            "tmp_work/y",
        )
    ]
    assert folder.clean(**ALL).leftovers == []
    assert all(path.exists() for path in mine)


def test_links_that_lead_out_of_the_folder_are_not_followed(folder, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    target = put(outside / "checkpoints" / "checkpoint-000000001.pt", b"o" * 10_000, hours_old=9)
    put(outside / "checkpoints" / "checkpoint-000000001.json", hours_old=9)
    run = folder.run(steps=[])
    (run / "checkpoints").symlink_to(outside / "checkpoints")
    (folder.root / "runs" / new_id()).symlink_to(outside)
    (folder.root / "uploads").mkdir()
    (folder.root / "uploads" / new_id()).symlink_to(target)
    (run / "artifacts" / "up").symlink_to("../../../..")
    assert sum(folder.kinds().values()) < 10_000 + folder.kinds()["database"]
    folder.clean(**ALL)
    assert target.read_bytes() == b"o" * 10_000


def test_a_dry_run_reports_exactly_what_the_real_one_does_and_touches_nothing(folder):
    runs = [
        folder.run(),
        folder.run(S.FAILED),
        folder.run(S.STOPPED, days=1),
        folder.run(S.INTERRUPTED),
    ]
    share(runs[0], folder.root / "runs" / new_id())
    share(runs[1], folder.run(steps=[]))
    put(folder.root / "uploads" / new_id(), hours_old=2)
    put(runs[0] / "checkpoints" / "checkpoint-000000001.damaged", hours_old=2)
    request = {"checkpoint_days": 5, "leftovers": True}
    before = sorted(folder.root.rglob("*"))
    planned = folder.would(**request)
    assert sorted(folder.root.rglob("*")) == before
    done = folder.clean(**request)
    assert planned.runs
    assert planned.leftovers
    assert done == planned.model_copy(update={"dry_run": False})
    assert folder.would(**request).checkpoint_bytes == 0


def test_files_that_cannot_be_removed_are_reported_and_the_rest_is_done(folder, monkeypatch):
    stuck, other = folder.run(), folder.run()
    unlink = Path.unlink

    def refuse(path, *given, **named):
        if path.is_relative_to(stuck):
            raise PermissionError(13, "Permission denied")
        unlink(path, *given, **named)

    monkeypatch.setattr(Path, "unlink", refuse)
    report = folder.clean(checkpoint_days=0)
    record = f"runs/{stuck.name}/checkpoints/checkpoint-"
    assert report.problems[0].startswith(f"'{record}")
    assert report.problems[0].endswith("could not be removed (Permission denied), and 1 more.")
    assert (len(checkpoints(stuck)), len(checkpoints(other))) == (2, 0)
    assert [run.id for run in report.runs] == [other.name]


def test_two_clean_ups_at_once_are_refused(folder, monkeypatch):
    entered, leave = threading.Event(), threading.Event()
    folder.run()

    def slow(one):
        entered.set()
        leave.wait(30)
        return 0

    monkeypatch.setattr(service_module, "remove_file", slow)
    first = threading.Thread(target=folder.clean, kwargs=ALL)
    first.start()
    assert entered.wait(30)
    with pytest.raises(ConflictError):
        folder.clean(**ALL)
    assert folder.would(**ALL).runs
    leave.set()
    first.join()
    folder.clean(**ALL)


def test_the_server_removes_old_checkpoints_automatically_and_nothing_else(folder):
    old, new = folder.run(days=8), folder.run(days=6)
    upload = put(folder.root / "uploads" / new_id(), hours_old=99)
    retention = Retention(folder.storage, 7)
    retention.start()
    until(lambda: checkpoints(old) == [])
    retention.close()
    assert (len(checkpoints(old)), len(checkpoints(new))) == (0, 2)
    assert upload.exists()


def test_without_a_number_of_days_nothing_is_removed(folder):
    run = folder.run(days=10_000)
    retention = Retention(folder.storage, 0)
    retention.start()
    retention.close()
    assert len(checkpoints(run)) == 2
