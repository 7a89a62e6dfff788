"""The variables and programs that make build tools use a view, and the files they are written to."""

from xprov.environment.choose import choose_view
from xprov.environment.files import File, Link, Text, image_sysroot, render_home_env, render_target_files
from xprov.environment.formats import render_fish, render_github, render_json, render_sh
from xprov.environment.model import Action, Environment, Setting, View
from xprov.environment.resolve import Note, Resolved, resolve
from xprov.environment.settings import settings_of

__all__ = [
    "Action",
    "Environment",
    "File",
    "Link",
    "Note",
    "Resolved",
    "Setting",
    "Text",
    "View",
    "choose_view",
    "image_sysroot",
    "render_fish",
    "render_github",
    "render_home_env",
    "render_json",
    "render_sh",
    "render_target_files",
    "resolve",
    "settings_of",
]
