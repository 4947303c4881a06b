"""Names that try to be more than names (in the browser too, see test_browser.py): they show as written."""

import re

import pytest

from dashboard import ui
from storage.ledger.database import Ledger
from tests.dashboard.visits import add, customer, visit

JOINER = "\N{WORD JOINER}"
STRUCTURE = r"\`*_{}[]()<>#+-.!|~$&=^:/@"


def bare(escaped: str) -> str:
    return re.sub(r"\\(.)", r"\1", escaped.replace(JOINER, ""))


@pytest.mark.parametrize("sign", STRUCTURE)
def test_every_sign_that_means_something_in_markdown_is_escaped(sign: str) -> None:
    assert ui.plain(f"a {sign} b") == f"a \\{sign} b"


@pytest.mark.parametrize(
    "name",
    [":red[x]", ":material/delete:", ":smile:", "www.evil.example", "https://evil.example", "a->b", "a--b"],
)
def test_what_is_looked_for_after_the_escapes_is_broken_by_a_joiner(name: str) -> None:
    assert JOINER in ui.plain(name)
    assert bare(ui.plain(name)) == name


def test_an_ordinary_name_gets_no_invisible_signs() -> None:
    assert ui.plain("Jean-Luc & Sons, Inc.").replace("\\", "") == "Jean-Luc & Sons, Inc."


def test_a_name_of_several_lines_becomes_one() -> None:
    assert ui.plain("two\n\n# lines").replace("\\", "") == "two # lines"


@pytest.mark.parametrize("name", ['["a","b"]', ":material/delete: x"])
def test_a_button_cell_takes_a_name_for_text(name: str) -> None:
    cell = ui.cell(name)

    assert not cell.startswith("[")
    assert ":material/" not in cell
    assert cell.replace(JOINER, "") == name


def test_the_table_takes_a_list_in_brackets_for_a_name(ledger: Ledger) -> None:
    add(ledger, "ant", name='["a","b"]')
    names = list(visit().dataframe[0].value["name"])

    assert [name.strip(JOINER) for name in names] == ['["a","b"]']
    assert not names[0].startswith("[")


def test_no_text_of_the_page_holds_a_name_that_is_not_escaped(ledger: Ledger) -> None:
    name = ":red[x] **b**"
    add(ledger, "ant", "failing", name=name)
    overview, page = visit(), customer("ant")
    texts = [element.value for element in (*overview.markdown, *page.markdown, *page.title, *page.error)]

    assert any(name in bare(text) for text in texts)
    assert not any("**b**" in text or ":red[x]" in text for text in texts)
