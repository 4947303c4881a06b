"""The page's entry script: runs for every visit, sets the frame, and hands over to one of the two views."""

import streamlit as st

from dashboard import ui, words
from storage.ledger.database import LedgerProblem
from storage.settings import SettingsProblem

st.set_page_config(
    page_title=words.PRODUCT,
    page_icon=str(ui.STATIC / "mark.png"),
    layout="wide",
    menu_items={"Get help": None, "Report a bug": None, "About": f"**{words.PRODUCT}**\n\n{words.ABOUT}"},
)
st.logo(str(ui.STATIC / "mark.png"), size="large")
page = st.navigation(
    [
        st.Page(ui.OVERVIEW, title=words.OVERVIEW, icon=":material/monitor_heart:", default=True),
        st.Page(
            ui.CUSTOMER,
            title="Customer",
            icon=":material/sync_alt:",
            url_path="customer",
            visibility="hidden",
        ),
    ],
    position="top",
)
try:
    page.run()
except (LedgerProblem, SettingsProblem) as problem:
    ui.unusable(problem)
