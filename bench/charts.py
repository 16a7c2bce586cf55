"""The charts of the report: small PNGs in `bench/charts/`, drawn by matplotlib."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

FOLDER = Path(__file__).resolve().parent / "charts"
_WIDTH_INCHES, _HEIGHT_INCHES, _DOTS_AN_INCH = 7.5, 3.8, 90
_OURS, _OTHERS, _FLOOR = "#1f6feb", "#9aa4b2", "#2da44e"
_STACK = ("#0b3d91", "#1f6feb", "#54a3ff", "#a8d1ff", "#2da44e", "#8c6bb1", "#d4a72c", "#cf5c36")


@contextmanager
def _chart(name: str, title: str) -> Iterator[Axes]:
    FOLDER.mkdir(exist_ok=True)
    figure, axes = plt.subplots(figsize=(_WIDTH_INCHES, _HEIGHT_INCHES), dpi=_DOTS_AN_INCH)
    axes.set_title(title, fontsize=10, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    yield axes
    figure.tight_layout()
    # without matplotlib's name and version, the same figures give the same bytes
    figure.savefig(FOLDER / f"{name}.png", metadata={"Software": None})
    plt.close(figure)


def bars(
    name: str, title: str, values: Mapping[str, float], label: str, *, ours: Sequence[str], floor: str = ""
) -> None:
    """Horizontal bars, ours and the floor in colours of their own, the value at the end of each."""
    with _chart(name, title) as axes:
        names = list(values)[::-1]
        colours = [_OURS if n in ours else _FLOOR if n == floor else _OTHERS for n in names]
        drawn = axes.barh(names, [values[n] for n in names], color=colours)
        axes.bar_label(drawn, fmt="{:,.3g}", fontsize=8, padding=3)
        axes.set_xlabel(label, fontsize=8)
        axes.margins(x=0.12)


def stacked(name: str, title: str, parts: Mapping[str, Mapping[str, float]], label: str) -> None:
    """Horizontal bars made of parts: bar → part → value."""
    with _chart(name, title) as axes:
        bars_shown = list(parts)[::-1]
        left = [0.0] * len(bars_shown)
        for colour, part in zip(_STACK, next(iter(parts.values())), strict=False):
            values = [parts[bar].get(part, 0.0) for bar in bars_shown]
            axes.barh(bars_shown, values, left=left, color=colour, label=part)
            left = [a + b for a, b in zip(left, values, strict=True)]
        axes.set_xlabel(label, fontsize=8)
        axes.legend(fontsize=7, ncols=3, frameon=False, loc="upper center", bbox_to_anchor=(0.45, -0.18))


def lines(
    name: str,
    title: str,
    series: Mapping[str, Sequence[tuple[float, float]]],
    labels: tuple[str, str],
    *,
    powers_of_two: bool = False,
    ideal: Sequence[tuple[float, float]] = (),
) -> None:
    """A line for each series; `ideal` is drawn dashed."""
    with _chart(name, title) as axes:
        for label, points in series.items():
            axes.plot([x for x, _ in points], [y for _, y in points], marker="o", markersize=3.5, label=label)
        if ideal:
            axes.plot([x for x, _ in ideal], [y for _, y in ideal], "--", color=_OTHERS, label="ideal")
        every_x = sorted({x for points in series.values() for x, _ in points})
        if powers_of_two:
            axes.set_xscale("log", base=2)
        axes.set_xticks(every_x, [f"{x:g}" for x in every_x])
        axes.set_ylim(bottom=0)
        axes.set_xlabel(labels[0], fontsize=8)
        axes.set_ylabel(labels[1], fontsize=8)
        axes.legend(fontsize=8, frameon=False)
