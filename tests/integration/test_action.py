"""The composite action, its steps run as a runner runs them, and a build with zig on that runner afterwards."""

from pathlib import Path

import pytest
from tests.integration.conftest import CrossImage, StartJob, UnpackPython
from tests.integration.generated import validate
from tests.integration.runner import Runner, variables_in
from tests.integration.wheelfile import bundled, elf_members, module, strangers
from tests.integration.wheelhouse import CHECKOUT, PLACE
from tests.workflows import read_workflow

ACTION = CHECKOUT / "action.yml"
# Where pip finds what the action's default names by a folder of the runner's: xprov as the checkout is now.
INDEX = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": PLACE}


def test_the_action_is_what_github_reads() -> None:
    validate("vendor.github-actions", ACTION)


def test_no_input_is_pasted_into_a_script() -> None:
    steps = read_workflow(ACTION.read_text())["runs"]["steps"]

    assert [step["run"] for step in steps if "${{" in step["run"]] == []


def test_a_runner_reads_values_of_one_line_and_of_several() -> None:
    assert variables_in("A=1=2\nB<<END\none\n\ntwo\nEND\nC=\n") == {"A": "1=2", "B": "one\n\ntwo", "C": ""}
    with pytest.raises(ValueError, match="a runner cannot read: export D"):
        variables_in("A=1\nexport D\n")


@pytest.mark.archive
@pytest.mark.docker
@pytest.mark.qemu
def test_what_the_action_sets_up_is_there_for_a_build_with_zig_on_the_runner(
    plain_image: CrossImage, start_job: StartJob, foreign_python: UnpackPython, wheelhouse: Path
) -> None:
    job = start_job(plain_image("armhf"), "armhf")
    inputs = {"target": job.target.rust, "libraries": "alsa dbus", "manylinux": "2_31", "args": "--method sysroot"}
    wheel = next(wheelhouse.glob("xprov-*.whl")).name

    with job.container() as box:
        # libsystemd's own needs, of the image's suite: what the linker or maturin would find first below /.
        box.run(f"test -e /usr/lib/{job.target.triplet}/libzstd.so.1").expect()
        runner = Runner(box=box, environ=dict(INDEX))
        before = box.run("command -v python3 pkg-config maturin").expect().stdout
        *_, told = runner.use(read_workflow(ACTION.read_text()), {**inputs, "xprov": f"{PLACE}/{wheel}"}, "/action")
        after = box.run("\n".join([*runner.exports(), "command -v python3 pkg-config maturin xprov"])).expect().stdout
        arguments = "--manylinux 2_31 --zig --release --out dist -i python3.9"
        built = job.build(box, before=runner.exports(), arguments=arguments).expect()
        view = job.take_view(box)

    assert "using debian:bullseye" in told.stderr
    assert after.startswith(before)
    assert "Using zig for cross-compiling" in built.stdout
    made = job.wheel()
    assert made.stem.endswith(f"-manylinux_2_31_{job.target.platform}")
    assert [member for member in elf_members(made) if not member.fits(job.target.elf)] == []
    assert strangers(made, view) == []
    assert {"libasound", "libdbus-1", "libsystemd", "libzstd"} <= bundled(made)
    # Debian's gcc leaves its name in what it links; zig is clang and LLD.
    linked = module(made).comment
    assert "LLD" in linked
    assert "GCC" not in linked
    assert foreign_python("armhf", "bullseye").call_libraries(made, job.folder / "site") == ("1.2.4", "Ping")
