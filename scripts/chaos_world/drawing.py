"""The gauges drawn: a few lines of text for a terminal, and a PNG."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from scripts.chaos_world.gauges import Sample, longest_life

_BARS = "▁▂▃▄▅▆▇█"
_WIDTH = 60
_LINES = (
    ("supervisor MB", "supervisor_bytes", 1e6),
    ("workers MB", "workers_bytes", 1e6),
    ("supervisor's descriptors", "supervisor_descriptors", 1),
    ("workers' descriptors", "workers_descriptors", 1),
    ("ledger MB", "ledger_bytes", 1e6),
    ("log files in it", "ledger_log_files", 1),
)


def as_text(samples: Sequence[Sample]) -> str:
    """A line each: its course from 0 up, the highest, and what it was at the two ends of the longest life."""
    if not samples:
        return ""
    life = longest_life(samples)
    minutes = (life[-1].seconds - life[0].seconds) / 60
    lines = []
    for title, name, unit in _LINES:
        values = [getattr(sample, name) / unit for sample in samples]
        third = max(1, len(life) // 3)
        middle = max(getattr(sample, name) / unit for sample in life[third : 2 * third] or life)
        end = max(getattr(sample, name) / unit for sample in life[-third:])
        figures = f"{max(values):10,.4g} at most, {middle:,.4g} → {end:,.4g}"
        lines.append(f"{title:24} {_course(values)} {figures}")
    lines.append(
        f"→: the highest of the second and of the last third of the longest life, which was {minutes:.1f} min"
    )
    return "\n".join(lines)


def _course(values: Sequence[float]) -> str:
    step = max(1, -(-len(values) // _WIDTH))
    highs = [max(values[start : start + step]) for start in range(0, len(values), step)]
    most = max(highs) or 1
    return "".join(_BARS[int(value * (len(_BARS) - 1) / most)] for value in highs)


def as_png(samples: Sequence[Sample], path: Path, title: str) -> None:
    """Three charts over the minutes of the run; a thin line where a supervisor started."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    minutes = [sample.seconds / 60 for sample in samples]
    starts = [after.seconds / 60 for before, after in pairwise(samples) if after.life != before.life]
    figure, charts = plt.subplots(3, 1, figsize=(10, 9), sharex=True, layout="constrained")
    for chart, lines in zip(charts, (_LINES[:2], _LINES[2:4], _LINES[4:5]), strict=True):
        for label, name, unit in lines:
            chart.plot(minutes, [getattr(sample, name) / unit for sample in samples], label=label, linewidth=0.9)
        for start in starts:
            chart.axvline(start, color="lightgrey", linewidth=0.6, zorder=0)
        chart.set_ylim(bottom=0)
    files = charts[2].twinx()
    files.plot(minutes, [sample.ledger_log_files / 1e3 for sample in samples], color="tab:green", linewidth=0.9)
    files.set_ylabel("thousand log files in it (green)")
    files.set_ylim(bottom=0)
    for chart in charts:
        chart.legend(loc="lower right")
    charts[0].set_title(title)
    charts[2].set_xlabel("minutes; grey: a supervisor starts")
    figure.savefig(path, dpi=90)
    plt.close(figure)
