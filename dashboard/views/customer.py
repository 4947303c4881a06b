"""One customer: how the sync is, what staff can do, and which stage starts an interview."""

import streamlit as st

from dashboard import customer

customer.render(st.query_params.get("id", ""))
