# What the fuzz targets use of atheris, which has no types of its own.

from collections.abc import Callable, Sequence

def instrument_all() -> None: ...
def Setup(args: Sequence[str], test_one_input: Callable[[bytes], None]) -> list[str]: ...  # noqa: N802
def Fuzz() -> None: ...  # noqa: N802
