"""What stands already: whether a target's folder is what a plan would make. Cheap to import: most setups end here."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from xprov import __version__
from xprov.provision import read_provision

if TYPE_CHECKING:
    from xprov.output import Output
    from xprov.plan import Plan
    from xprov.provision import Provision
    from xprov.store import Store

# It rises when the same inputs make another folder.
_FORM = 3


def standing(plan: Plan, store: Store, output: Output) -> Provision | None:
    """Return what is there when `plan` would make the same again, and say so; else None.

    Raises `XprovError` when the target's folder is damaged.
    """
    inputs = inputs_of(plan)
    there = read_provision(store.folder(plan.target)) if inputs else None
    if there is None or there.inputs != inputs:
        return None
    output.say(f"Target {plan.target.name}, method {plan.method.value}: all of it is there already")
    for warning in there.warnings:
        output.warning(warning)
    return there


def inputs_of(plan: Plan) -> str | None:
    """Return what names all that the target's folder is made of, or None where apt has a hand in it.

    It changes with xprov itself, with the packages, the recipes, the toolchain and what was asked for.
    """
    if plan.resolution is None:
        return None
    words = (
        __version__,
        _FORM,
        plan.target.name,
        plan.recipes,
        [package.sha256 for package in plan.resolution.packages],
        plan.resolution.suite,
        plan.toolchain,
        plan.environment,
        plan.views,
        plan.wanted,
        plan.route.strict,
        plan.keep_all,
    )
    return hashlib.sha256(repr(words).encode()).hexdigest()
