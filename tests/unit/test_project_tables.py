"""The tables of failures and crates: nothing is missing in them, and nothing stands there twice."""

import re
from pathlib import Path

from xprov.catalog import load_catalog
from xprov.project import checks
from xprov.project.crates import Search, crate_table
from xprov.project.failures import failures

RECIPES = load_catalog([]).recipes()


def test_each_id_that_a_check_yields_is_in_the_table() -> None:
    sources = Path(checks.__file__).parent.glob("*.py")
    named = {id_ for file in sources for id_ in re.findall(r'(?:id=|_ID = )"([a-z0-9-]+)"', file.read_text())}

    assert named
    assert named <= failures().keys()


def test_no_fact_of_a_recipe_stands_in_the_table_of_crates_too() -> None:
    served = {crate.name for recipe in RECIPES for crate in recipe.crates}

    table = {name: known for name, known in crate_table().items() if name in served}
    twice = [name for name, known in table.items() if known.library or known.finds not in (None, Search.BUNDLED)]

    assert twice == [], "a recipe serves these: take `library`, `finds` and `debian` out of crates.toml"


def test_every_crate_says_what_it_binds_and_how_it_finds_it() -> None:
    served = {crate.name for recipe in RECIPES for crate in recipe.crates}

    bare = [name for name, known in crate_table().items() if name not in served and not (known.library and known.finds)]

    assert bare == []


def test_every_need_says_what_to_do_and_every_program_why() -> None:
    table = crate_table()

    assert [name for name, known in table.items() if (known.needs is None) != (known.fix is None)] == []
    assert [name for name, known in table.items() if known.programs and known.needs is None] == []
