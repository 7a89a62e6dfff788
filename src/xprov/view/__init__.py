"""Views: folders shaped like `/` that a compiler can be pointed at, made from packages.

`scan` reads what packages own, `plan_view` decides what stands where, `examine` looks into the libraries, `build_view`
writes the folder. `prepare_view` is the first three in a row.
"""

from xprov.view.build import Place, build_view, copy_file, link_file
from xprov.view.examine import examine, prepare_view
from xprov.view.layout import Shape, belongs, is_toolchain_package, library_folders, packages_for
from xprov.view.model import Copy, Link, Text, ViewPlan, require_sound
from xprov.view.plan import plan_view
from xprov.view.scan import Entry, EntryKind, PackageTree, folder_tree, scan

__all__ = [
    "Copy",
    "Entry",
    "EntryKind",
    "Link",
    "PackageTree",
    "Place",
    "Shape",
    "Text",
    "ViewPlan",
    "belongs",
    "build_view",
    "copy_file",
    "examine",
    "folder_tree",
    "is_toolchain_package",
    "library_folders",
    "link_file",
    "packages_for",
    "plan_view",
    "prepare_view",
    "require_sound",
    "scan",
]
