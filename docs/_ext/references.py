"""References that Sphinx cannot resolve by itself: bare names, and the standard library.

It owns two rules. A name without its module, as docstrings and annotations have it, is the one
documented object of that name. A name of the standard library is linked by the rule by which
docs.python.org names its pages, without fetching an inventory, so that the build needs no network.
What neither rule resolves is left for Sphinx to complain of.
"""

import builtins
import sys
from typing import Final

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.nodes import make_refnode
from sphinx.util.typing import ExtensionMetadata

# Where something is documented that shows itself under another name: because a module imports it
# for types only, or because it is defined elsewhere
IMPORTED: Final = {
    "Message": "email.message.Message",
    "ReadableBuffer": "collections.abc.Buffer",
    "SupportsRead": "typing.BinaryIO",
    "WriteableBuffer": "collections.abc.Buffer",
    "_asyncio.Future": "asyncio.Future",
    "asyncio.events.AbstractEventLoop": "asyncio.AbstractEventLoop",
}
BASE: Final = "https://docs.python.org/3/library"
# Pages that are not called after their module
PAGES: Final = {
    "asyncio.AbstractEventLoop": "asyncio-eventloop",
    "asyncio.Future": "asyncio-future",
    "asyncio.timeout": "asyncio-task",
    "email.message": "email.compat32-message",
}
# What the page on types describes; other built-in names are on that of functions.
BUILT_IN_TYPES: Final = frozenset(
    ("bytearray", "bytes", "dict", "frozenset", "list", "memoryview", "set", "str", "tuple")
)
BUILT_IN_CONSTANTS: Final = ("None", "True", "False")


def page_of(target: str) -> str | None:
    """Return the page that documents a name of the standard library, or `None`."""
    if target in BUILT_IN_CONSTANTS:
        return "constants"
    if hasattr(builtins, target):
        named = getattr(builtins, target)
        if isinstance(named, type) and issubclass(named, BaseException):
            return "exceptions"
        return "stdtypes" if target in BUILT_IN_TYPES else "functions"
    module = target
    while module and module not in PAGES and not is_module(module):
        module = module.rpartition(".")[0]
    return PAGES.get(module, module) or None


def is_module(name: str) -> bool:
    """Return whether *name* is a module of the standard library."""
    if name.partition(".")[0] not in sys.stdlib_module_names:
        return False
    return "." not in name or name in sys.modules


def resolve(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.reference | None:
    """Resolve a reference to a Python object that Sphinx could not."""
    if node.get("refdomain") != "py":
        return None
    name = str(node["reftarget"])
    target = IMPORTED.get(name, name)
    if (found := resolve_bare(app, env, node, content)) is not None:
        return found
    page = page_of(target)
    if page is None:
        return None
    anchor = f"module-{target}" if is_module(target) else target
    reference = nodes.reference("", "", internal=False, refuri=f"{BASE}/{page}.html#{anchor}")
    reference += content
    return reference


def resolve_bare(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.reference | None:
    """Resolve a name without its module, or a part of that, where one documented object has it."""
    ending = f".{node['reftarget']}"
    objects = env.domains.python_domain.objects
    places = {
        (entry.docname, entry.node_id) for name, entry in objects.items() if name.endswith(ending)
    }
    if len(places) != 1:
        return None
    docname, node_id = places.pop()
    return make_refnode(app.builder, node["refdoc"], docname, node_id, content)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register with Sphinx."""
    app.connect("missing-reference", resolve)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
