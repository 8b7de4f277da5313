"""docs/figures/growth.svg, drawn from build/bench/growth.json."""

import re

import numpy as np

from .growth_curves import MODES

INK, GREY = "#222222", "#888888"
COLOURS = {"mean": "#0072b2", "top_k": "#d55e00", "gumbel": "#009e73", "random": "#888888",
           "growing": "#0072b2", "reuse": "#d55e00"}


def draw(content, path):
    """Six small panels; False where matplotlib is not installed."""
    try:
        import matplotlib
    except ModuleNotFoundError:
        return False
    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({
        "svg.fonttype": "none", "svg.hashsalt": "swiftcl", "font.family": "sans-serif", "font.size": 8.5,
        "axes.titlesize": 9.5, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
        "grid.color": "#e6e6e6", "legend.frameon": False, "legend.fontsize": 8, "lines.linewidth": 1.6})
    figure, axes = plt.subplots(2, 3, figsize=(10, 5.6), layout="constrained")
    figure.patch.set_facecolor("white")
    curve_panels(axes[0], content)
    panels_below(axes[1], content)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    plt.close(figure)
    path.write_text(slim(path.read_text()))
    return True


def slim(svg):
    """Coordinates to a hundredth of a point, no blanks around lines: smaller, and quiet diffs."""
    svg = re.sub(r"-?\d+\.\d{3,}", lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), svg)
    return "\n".join(line.strip() for line in svg.splitlines()) + "\n"


def points(curve):
    return [p["at"] for p in curve], [p["us"] for p in curve]


def logarithmic(axis, ticks=None):
    """Plain numbers on both axes, at 1 and 3 times powers of ten; x in powers of two where ticks are given."""
    from matplotlib.ticker import LogLocator, StrMethodFormatter

    if ticks:
        axis.set_xscale("log", base=2)
        axis.set_xticks(ticks, ticks)
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
    axis.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.minorticks_off()


def curve_panels(axes, content):
    curves = content["curves"]
    x, us = points(curves["J"])
    axes[0].plot(x, us, "o-", color=COLOURS["mean"])
    axes[0].plot(x, [us[0] / J ** 2 for J in x], ":", color=GREY, label="1/J²")
    axes[0].plot(x, [us[0] / J for J in x], "--", color=GREY, label="1/J")
    logarithmic(axes[0], x)
    axes[0].legend()
    axes[0].set(title="units per block, width 1600", xlabel="J", ylabel="µs per step")
    x, us = points(curves["width"])
    axes[1].plot(x, us, "o-", color=COLOURS["mean"])
    logarithmic(axes[1], x)
    axes[1].set(title="width of a layer, J = 8", xlabel="units", ylabel="µs per step")
    x, us = points(curves["batch"])
    axes[2].plot(x, us, "o-", color=COLOURS["mean"])
    axes[2].plot(x, [us[-1] * batch / x[-1] for batch in x], "--", color=GREY, label="in proportion")
    logarithmic(axes[2], x[::3])
    axes[2].legend()
    axes[2].set(title="rows per batch, 1600, J = 8", xlabel="rows", ylabel="µs per step")


def panels_below(axes, content):
    top = 0
    for mode in MODES:
        x, us = points(content["curves"][mode])
        axes[0].plot(x, us, "o-", color=COLOURS[mode], label=mode)
        top = max(top, *us)
    axes[0].set_ylim(0, 1.3 * top)
    axes[0].legend(loc="lower right")
    axes[0].set(title="finished tasks, 1600, J = 8", xlabel="tasks", ylabel="µs per step")
    course = content["course"]
    for sampler, name in course["settings"]["samplers"].items():
        values = course["samplers"][sampler]
        steps = np.arange(1, len(values["ms"]) + 1)
        axes[1].plot(steps, 1e-6 * np.array(values["macs"]), color=COLOURS[sampler], label=name)
        axes[2].plot(steps, values["ms"], color=COLOURS[sampler], label=name, linewidth=1)
    for axis, title, label in ((axes[1], "a task's multiply-adds, 800, J = 8", "million per step"),
                               (axes[2], "a task's milliseconds, 800, J = 8", "ms per step")):
        logarithmic(axis)
        axis.set(title=title, xlabel="step", ylabel=label)
    axes[1].legend(loc="upper right")
