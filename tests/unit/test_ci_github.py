"""What `xprov ci github` decides from a project and its lock, and what the workflow then says."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.locks import make_lock, make_locked
from tests.unit.projects import facts_of, lock_of, write_project
from tests.workflows import expand, matrix_row, read_workflow, step_of

from xprov.ci.actions import actions
from xprov.ci.decide import Wish, choose_targets, decide_workflow
from xprov.ci.images import choose_build, images
from xprov.ci.render import render_workflow
from xprov.ci.requirement import Requirement, named_requirement, requirement_of
from xprov.errors import UsageError, VerificationError
from xprov.lockfile import Lock
from xprov.project.facts import Facts
from xprov.target import find_target

ARMV7 = "armv7-unknown-linux-gnueabihf"
ABI3 = '[dependencies]\npyo3 = { version = "0.26", features = ["abi3-py39"] }\n'
EACH = '[dependencies]\npyo3 = "0.26"\n'
EMPTY = Lock(targets={})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a checkout with a project in it."""
    return write_project(tmp_path, {"Cargo.toml": ABI3, "Cargo.lock": lock_of("pyo3", "alsa-sys")})


def wish(*targets: str, libraries: tuple[str, ...] = ("alsa", "dbus"), requirement: str = "xprov==1.2") -> Wish:
    return Wish(
        command="xprov ci github",
        targets=tuple(find_target(target) for target in targets or ("arm64", "armhf")),
        libraries=libraries,
        recipes=(),
        glibc=None,
        requirement=Requirement(text=requirement),
        publishes=False,
    )


def workflow_of(facts: Facts, wanted: Wish, lock: Lock = EMPTY) -> Any:  # noqa: ANN401 - what YAML holds
    decided = decide_workflow(facts, wanted, lock, facts.project.top / "xprov.lock")
    return read_workflow(render_workflow(decided))


def script_of(workflow: Any, target: str) -> list[str]:  # noqa: ANN401 - see workflow_of
    """Return the lines of the before-script as the job of `target` runs them."""
    job = workflow["jobs"]["build"]
    known = {**matrix_row(job, target), "env.XPROV": workflow["env"]["XPROV"]}
    return expand(step_of(job, "PyO3/maturin-action")["with"]["before-script-linux"], known).splitlines()


def test_each_target_has_a_job_that_sets_it_up_before_the_build(project: Path) -> None:
    workflow = workflow_of(facts_of(project), wish())

    rows = workflow["jobs"]["build"]["strategy"]["matrix"]["include"]
    assert rows == [
        {"target": "aarch64-unknown-linux-gnu", "manylinux": "2_28"},
        {"target": ARMV7, "manylinux": "2_28"},
    ]
    _python, pip, setup, source = script_of(workflow, ARMV7)
    assert pip == '/opt/xprov/bin/pip install --quiet "xprov==1.2"'
    assert setup == f"/opt/xprov/bin/xprov setup {ARMV7} alsa dbus"
    assert source == 'source "$HOME/.xprov/env"'


def test_the_caches_are_told_apart_by_the_locks_and_are_where_the_container_has_them(project: Path) -> None:
    job = workflow_of(facts_of(project), wish())["jobs"]["build"]

    cached, build = step_of(job, "actions/cache")["with"], step_of(job, "PyO3/maturin-action")["with"]
    assert "${{ hashFiles('xprov.lock', 'Cargo.lock') }}" in cached["key"]
    assert "${{ runner.temp }}/xprov\n" in cached["path"]
    assert "-v ${{ runner.temp }}/xprov:/var/cache/xprov -e XPROV_CACHE_DIR=/var/cache/xprov" in build["docker-options"]


def test_a_tag_that_no_container_is_made_for_names_one_and_tells_xprov(project: Path) -> None:
    workflow = workflow_of(facts_of(project), replace(wish("armhf", "riscv64"), glibc=(2, 31)))

    job = workflow["jobs"]["build"]
    rows = {row["target"]: row for row in job["strategy"]["matrix"]["include"]}
    assert rows[ARMV7]["manylinux"] == "2_31"
    assert rows[ARMV7]["container"] == "ghcr.io/rust-cross/manylinux_2_28-cross:armv7"
    assert "container" not in rows["riscv64gc-unknown-linux-gnu"]
    assert step_of(job, "PyO3/maturin-action")["with"]["container"] == "${{ matrix.container }}"
    assert script_of(workflow, ARMV7)[2].endswith("alsa dbus --manylinux '2_31'")


def test_a_lock_names_the_targets_the_tag_and_what_is_set_up(project: Path) -> None:
    lock = make_lock()

    workflow = workflow_of(facts_of(project), replace(wish(libraries=()), targets=choose_targets((), lock)), lock)

    (row,) = workflow["jobs"]["build"]["strategy"]["matrix"]["include"]
    assert (row["target"], row["manylinux"]) == (ARMV7, "2_31")
    assert script_of(workflow, ARMV7)[2] == f"/opt/xprov/bin/xprov setup {ARMV7} --locked"


def test_recipes_of_the_projects_own_are_named_to_the_job_too(project: Path) -> None:
    workflow = workflow_of(facts_of(project), replace(wish(), recipes=("our recipes",)))

    assert script_of(workflow, ARMV7)[2].endswith(" alsa dbus --recipes 'our recipes'")


def test_without_a_lock_the_usual_targets_are_taken() -> None:
    assert [target.name for target in choose_targets((), EMPTY)] == ["amd64", "arm64", "armhf"]


def test_what_the_lock_lacks_is_told(project: Path) -> None:
    with pytest.raises(VerificationError, match="has nothing for arm64"):
        workflow_of(facts_of(project), wish("arm64"), make_lock())
    with pytest.raises(VerificationError, match="has for armhf no dbus"):
        workflow_of(facts_of(project), wish("armhf"), make_lock())


def test_a_tag_below_what_is_locked_is_refused(project: Path) -> None:
    with pytest.raises(UsageError, match=r"may need glibc 2\.31, and manylinux_2_28 promises less") as caught:
        workflow_of(facts_of(project), replace(wish("armhf", libraries=()), glibc=(2, 28)), make_lock())

    assert caught.value.hint == "`xprov lock armhf --glibc 2.28` locks what fits"


def test_a_lock_of_a_suite_that_was_named_promises_the_glibc_of_the_suite(project: Path) -> None:
    lock = make_lock(replace(make_locked(), glibc=None))

    workflow = workflow_of(facts_of(project), wish("armhf", libraries=()), lock)

    assert workflow["jobs"]["build"]["strategy"]["matrix"]["include"][0]["manylinux"] == "2_31"


@pytest.mark.parametrize(
    ("cargo", "pyproject", "proven", "arguments"),
    [
        (ABI3, "", True, "--release --out dist"),
        ("", "", True, "--release --out dist"),
        (EACH, "", False, "--release --out dist --find-interpreter"),
        (ABI3, 'dependencies = ["numpy"]\n', False, "--release --out dist"),
        (ABI3, 'dynamic = ["dependencies"]\n', False, "--release --out dist"),
    ],
    ids=["abi3", "no-pyo3", "each-python", "requires", "dynamic"],
)
def test_the_proof_is_required_where_every_wheel_can_be_proven(
    tmp_path: Path, cargo: str, pyproject: str, arguments: str, *, proven: bool
) -> None:
    write_project(tmp_path, {"Cargo.toml": cargo, "pyproject.toml": pyproject, "Cargo.lock": lock_of("pyo3")})

    jobs = workflow_of(facts_of(tmp_path), wish())["jobs"]

    assert step_of(jobs["build"], "PyO3/maturin-action")["with"]["args"] == arguments
    check = jobs["check"]["steps"][-1]["run"]
    assert ("check-wheel --require-proof dist/*" in check) is proven
    assert ("# Without --require-proof: " in check) is not proven


def test_the_proof_is_not_required_for_a_target_that_no_suite_has_a_python_for(project: Path) -> None:
    check = workflow_of(facts_of(project), wish("armhf", "loong64"))["jobs"]["check"]["steps"][-1]["run"]

    assert "# Without --require-proof: no suite has a Python for loong64.\n" in check


def test_a_project_in_a_folder_is_built_there(tmp_path: Path) -> None:
    folder = write_project(tmp_path / "crates/it's", {"Cargo.toml": ABI3, "Cargo.lock": lock_of("pyo3")})
    facts = facts_of(folder)
    facts = replace(facts, project=replace(facts.project, top=tmp_path))

    jobs = workflow_of(facts, wish())["jobs"]

    step = step_of(jobs["build"], "PyO3/maturin-action")
    assert step["with"]["working-directory"] == "crates/it's"
    assert step_of(jobs["sdist"], "PyO3/maturin-action")["with"]["working-directory"] == "crates/it's"
    assert step_of(jobs["build"], "actions/upload-artifact")["with"]["path"] == "crates/it's/dist"
    assert step_of(jobs["check"], "actions/download-artifact")["with"]["path"] == "crates/it's/dist"
    assert jobs["check"]["steps"][-1]["working-directory"] == "crates/it's"
    assert "'crates/it''s/Cargo.lock'" in step_of(jobs["build"], "actions/cache")["with"]["key"]


def test_only_a_workflow_that_publishes_may_get_a_token_of_pypi(project: Path) -> None:
    facts = facts_of(project)

    private, public = workflow_of(facts, wish()), workflow_of(facts, replace(wish(), publishes=True))

    assert "publish" not in private["jobs"]
    assert private["permissions"] == {"contents": "read"}
    job = public["jobs"]["publish"]
    assert (job["if"], job["needs"]) == ("startsWith(github.ref, 'refs/tags/')", ["check"])
    assert job["permissions"] == {"id-token": "write"}


def test_every_action_is_pinned_to_a_commit(project: Path) -> None:
    jobs = workflow_of(facts_of(project), replace(wish(), publishes=True))["jobs"]

    used = {step["uses"] for job in jobs.values() for step in job["steps"] if "uses" in step}
    assert used == {action.partition("  # ")[0] for action in actions().values()}
    assert [use for use in used if len(use.partition("@")[2]) != 40] == []


@pytest.mark.parametrize("requirement", ["xprov @ git+https://host.test/x@0a1b", "./x # y", "xprov: 1", "'xprov'"])
def test_what_pip_installs_is_quoted(project: Path, requirement: str) -> None:
    workflow = workflow_of(facts_of(project), wish(requirement=requirement))

    assert workflow["env"]["XPROV"] == requirement
    assert script_of(workflow, ARMV7)[1] == f'/opt/xprov/bin/pip install --quiet "{requirement}"'


@pytest.mark.parametrize("requirement", ['xprov"; rm -rf /', "$(id)", "`id`", "a\nb", " "])
def test_what_a_shell_would_obey_is_no_requirement(requirement: str) -> None:
    with pytest.raises(UsageError, match="cannot be given to pip in a script"):
        named_requirement(requirement)


def test_jobs_install_the_xprov_that_wrote_the_workflow_where_they_can() -> None:
    git = {"url": "https://host.test/xprov", "vcs_info": {"vcs": "git", "commit_id": "0a1b"}}

    assert requirement_of({}, "1.2") == Requirement(text="xprov==1.2")
    assert requirement_of(git, "1.2") == Requirement(text="xprov @ git+https://host.test/xprov@0a1b")
    wheel = requirement_of({"url": "https://host.test/xprov-1.2-py3-none-any.whl", "archive_info": {}}, "1.2")
    assert wheel == Requirement(text="xprov @ https://host.test/xprov-1.2-py3-none-any.whl")
    folder = requirement_of({"url": "file:///home/me/xprov", "dir_info": {"editable": True}}, "1.2")
    assert folder.text == "xprov==1.2"
    assert folder.doubt == "this xprov was installed from `file:///home/me/xprov`, and jobs install `xprov==1.2`"


@pytest.mark.parametrize("name", list(images()))
def test_every_target_with_a_container_has_a_tag_unasked(name: str) -> None:
    target = find_target(name)

    build = choose_build(target, None)

    assert build.glibc in images()[name]
    assert build.container is None


def test_a_target_or_a_tag_without_a_container_is_refused() -> None:
    with pytest.raises(UsageError, match="has no container for `armel`"):
        choose_build(find_target("armel"), None)
    with pytest.raises(UsageError, match="has no container for `aarch64-unknown-linux-musl`"):
        choose_build(find_target("aarch64-unknown-linux-musl"), None)
    with pytest.raises(UsageError, match=r"has no container for amd64 with glibc 2\.5 or older") as caught:
        choose_build(find_target("amd64"), (2, 5))
    assert caught.value.hint == "its oldest one has 2.17: `--manylinux 2_17`"
