"""One entry for everything that runs in an environment of its own.

The Makefile says what each gate runs; the sessions here give it a fresh environment. Only `tests`
goes further than `make test`: it runs against the built wheel, on each supported Python.
"""

import shutil
import tomllib
from pathlib import Path
from typing import Final

import nox

PYTHONS: Final = ("3.11", "3.12", "3.13")

nox.needs_version = ">=2025.2"
nox.options.sessions = ["lint", "types", "docs", "tests"]
nox.options.error_on_missing_interpreters = True


def build_wheel(session: nox.Session) -> Path:
    """Return the wheel that is built from the source distribution, as an installer gets it."""
    dist = Path(session.create_tmp()) / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    session.run("python", "-m", "build", "--no-isolation", "--outdir", str(dist), silent=True)
    (wheel,) = dist.glob("*.whl")
    return wheel


def oldest_dependencies() -> list[str]:
    """Return each runtime dependency, pinned to the oldest release that the package admits."""
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [dependency.replace(">=", "==") for dependency in project["dependencies"]]


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests against the built wheel; on the oldest Python with the oldest dependencies."""
    session.install("--no-deps", "--require-hashes", "-r", "requirements/test.txt")
    wheel = build_wheel(session)
    session.install("--no-deps", "--force-reinstall", str(wheel))
    if session.python == PYTHONS[0]:
        session.install(*oldest_dependencies())
    session.run(
        "python",
        "-c",
        "import dugong, pathlib; package = pathlib.Path(dugong.__file__).parent;"
        "assert package.parent.name == 'site-packages' and (package / 'py.typed').is_file()",
    )
    # Once there is time for every way of reading at every split of every vector.
    ways = {"VECTOR_WAYS": "all"} if session.python == PYTHONS[0] else {}
    session.run("python", "-m", "pytest", "--numprocesses=3", *session.posargs, env=ways)


def make(session: nox.Session, target: str) -> None:
    """Run a target of the Makefile with the session's environment in the place of .venv."""
    session.run("make", target, f"VENV={session.virtualenv.location}", external=True)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, formatting and the import floors."""
    make(session, "lint")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types, and that the public API is typed to 100 %."""
    make(session, "types")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation, with every warning an error."""
    make(session, "docs")


@nox.session
def audit(session: nox.Session) -> None:
    """Look up known vulnerabilities of what development installs."""
    make(session, "audit")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure dugong beside its peers; arguments are those of bench.full."""
    session.install("--editable", ".[bench]")
    session.run("python", "-m", "bench.full", *(session.posargs or ["--quick"]))


@nox.session
def mutation(session: nox.Session) -> None:
    """Change the protocol in every small way, and see that a test notices; for some minutes."""
    make(session, "mutation")
