"""The jobs of a customer: their pipelines and how many candidates stand where."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboard import access, words
from dashboard.ui import Columns
from storage import reads

ROW_HEIGHT = 36


def show(account_id: str) -> None:
    with access.ledger().read() as tx:
        jobs, pipelines = reads.jobs(tx, account_id), reads.pipelines(tx, account_id)
    if not jobs:
        st.caption(words.NO_JOBS)
        return
    picked = st.dataframe(
        pd.DataFrame([_row(job, _stages(job, pipelines)) for job in jobs]),
        key="jobs",
        hide_index=True,
        row_height=ROW_HEIGHT,
        height="content" if len(jobs) <= 12 else ROW_HEIGHT * 12,
        placeholder=words.NOTHING,
        alt="Jobs with candidates by stage",
        on_select="rerun",
        selection_mode="single-row",
        column_config=_columns(),
    )
    chosen = picked["selection"]["rows"]
    if chosen and chosen[0] < len(jobs):
        _pipeline(jobs[chosen[0]], _stages(jobs[chosen[0]], pipelines))
    else:
        st.caption("Tick a job to see its pipeline.")


def _stages(job: dict[str, Any], pipelines: dict[str, list[dict[str, Any]]]) -> list[tuple[str, int]]:
    """Stage names with their candidates, in the pipeline's order; stages no longer in it come last."""
    counts: dict[str, int] = dict(job["stage_counts"])
    order = pipelines.get(job["shortcode"]) or pipelines.get("", [])
    known = [(stage["name"], counts.pop(stage["name"], 0)) for stage in order]
    return known + sorted(counts.items())


def _row(job: dict[str, Any], stages: list[tuple[str, int]]) -> dict[str, object]:
    return {
        "title": words.job_title(job),
        "state": [words.JOB_STATES.get(job["state"], (words.humanised(job["state"]), ""))[0]],
        "department": job["department"],
        "candidates": job["candidates"],
        "stages": " → ".join(f"{name} {count:,}" for name, count in stages if count) or None,
        "shortcode": job["shortcode"],
    }


def _columns() -> Columns:
    c = st.column_config
    labels, colors = zip(*words.JOB_STATES.values(), strict=True)
    return {
        "title": c.TextColumn("Job", width=236),
        "state": c.MultiselectColumn("State", options=labels, color=colors, width=96),
        "department": c.TextColumn("Department", width=104),
        "candidates": c.NumberColumn("Candidates", format="localized", width=90),
        "stages": c.TextColumn("Candidates by stage", width=580),
        "shortcode": c.TextColumn("Code", width=96, help="The job's short code in Workable"),
    }


def _pipeline(job: dict[str, Any], stages: list[tuple[str, int]]) -> None:
    frame = pd.DataFrame(
        {"Stage": [name for name, _ in stages], "Candidates": [count for _, count in stages]}
    )
    with st.container(border=True, gap="xsmall"):
        st.markdown("**Candidates by stage**")
        st.text(words.job_title(job))
        st.vega_lite_chart(
            frame, _spec([name for name, _ in stages]), alt="Candidates in each stage of the job"
        )


def _spec(order: list[str]) -> dict[str, Any]:
    y = {"field": "Stage", "type": "nominal", "sort": order, "title": None, "axis": {"labelLimit": 220}}
    x = {
        "field": "Candidates",
        "type": "quantitative",
        "title": None,
        "axis": {"tickMinStep": 1, "tickCount": 5},
    }
    return {
        "height": {"step": 26},
        "encoding": {"y": y, "x": x, "tooltip": [{"field": "Stage"}, {"field": "Candidates"}]},
        "mark": {"type": "bar", "cornerRadiusEnd": 3, "height": 15},
    }
