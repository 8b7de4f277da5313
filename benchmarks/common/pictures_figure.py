"""accuracy.svg and winners.svg: the accuracy matrix of one run or several, and the winners of every layer and task."""

import numpy as np

from .growth_figure import GREY, INK, slim

#: One colour a task, told apart by people who see few colours as well.
COLOURS = ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#b8a800", "#5e4fa2", "#8c6d31", "#444444"]
FREE, OWNED = "#f1f1f1", "#d3d3d3"


def draw(content, folder, previews):
    """The paths of what was drawn, as SVG and, into `previews`, as PNG; None where matplotlib is not installed."""
    try:
        import matplotlib
    except ModuleNotFoundError:
        return None
    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({
        "svg.fonttype": "none", "svg.hashsalt": "swiftcl", "font.family": "sans-serif", "font.size": 8.5,
        "axes.titlesize": 9.5, "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK})
    figures = {"accuracy": accuracy(plt, content)}
    if content.get("layers"):
        figures["winners"] = winners(plt, content)
    drawn = []
    for name, figure in figures.items():
        drawn += [folder / f"{name}.svg", previews / f"{name}.png"]
        figure.patch.set_facecolor("white")
        figure.savefig(drawn[-2], metadata={"Date": None, "Creator": None})
        figure.savefig(drawn[-1], dpi=130)
        plt.close(figure)
        drawn[-2].write_text(slim(drawn[-2].read_text()))
    return drawn


# ------------------------------------------------------------------ accuracies


def triangle(run):
    """A[k][i] with nothing where task i was not yet learned."""
    rows = run["matrix"]
    matrix = np.full((len(rows), len(rows)), np.nan)
    for k, row in enumerate(rows):
        matrix[k, :k + 1] = row[:k + 1]
    return matrix


def forgetting(matrix):
    """The best a task ever was, before the last one was learned, less what it is now; the mean over tasks."""
    lost = [np.nanmax(matrix[i:-1, i]) - matrix[-1, i] for i in range(len(matrix) - 1)]
    return float(np.mean(lost)) if lost else 0.0


def accuracy(plt, content):
    runs = {title: triangle(run) for title, run in content["runs"].items()}
    lowest = 10 * np.floor(min(np.nanmin(matrix) for matrix in runs.values()) / 10)
    count = len(content["tasks"])
    side = 0.46 * count + 1.1
    figure, axes = plt.subplots(1, len(runs), figsize=(len(runs) * side + 1.0, side + 0.35), layout="constrained",
                                squeeze=False)
    for axis, (title, matrix) in zip(axes[0], runs.items()):
        image = axis.pcolormesh(np.ma.masked_invalid(matrix), cmap="cividis", vmin=lowest, vmax=100, edgecolor="white",
                                linewidth=1.5)
        for k, i in zip(*np.nonzero(~np.isnan(matrix))):
            bright = matrix[k, i] > lowest + 0.55 * (100 - lowest)
            axis.text(i + 0.5, k + 0.5, f"{matrix[k, i]:.1f}", ha="center", va="center", fontsize=8,
                      color=INK if bright else "white")
        axis.set_title(f"{title}\nmean {matrix[-1].mean():.1f} %, forgetting {forgetting(matrix):.1f} points", pad=8)
        axis.set_xticks(np.arange(count) + 0.5, content["tasks"])
        axis.set_yticks(np.arange(count) + 0.5, range(1, count + 1))
        axis.set(xlabel="tested on task", aspect="equal", xlim=(0, count), ylim=(count, 0))
        axis.tick_params(length=0)
        for spine in axis.spines.values():
            spine.set_visible(False)
    axes[0][0].set_ylabel("after learning this many tasks")
    bar = figure.colorbar(image, ax=axes[0].tolist(), shrink=0.85, aspect=18, pad=0.02)
    bar.set_label("test rows named rightly, %")
    bar.outline.set_visible(False)
    return figure


# --------------------------------------------------------------------- winners


def squares(axis, cells, colour, size=0.86):
    """Unit squares around (block, unit), all in one path: the file stays small."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    if len(cells) == 0:
        return
    corner = size / 2
    around = np.array([(-corner, -corner), (corner, -corner), (corner, corner), (-corner, corner), (-corner, -corner)])
    vertices = (np.asarray(cells)[:, None, :] + 0.5 + around[None]).reshape(-1, 2)
    codes = np.tile([Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY], len(cells))
    axis.add_patch(PathPatch(Path(vertices, codes), facecolor=colour, linewidth=0))


def winners(plt, content):
    layers, tasks = content["layers"], content["tasks"]
    shapes = [np.array(layer["masks"][0]).shape for layer in layers]
    width, height = sum(blocks for blocks, _ in shapes), max(units for _, units in shapes)
    scale = min(0.11, 9.0 / width)
    figure, axes = plt.subplots(
        len(tasks), len(layers), layout="constrained", squeeze=False,
        figsize=(scale * width + 1.9, len(tasks) * (scale * height + 0.34) + 1.0),
        gridspec_kw={"width_ratios": [blocks for blocks, _ in shapes]})
    for column, layer in enumerate(layers):
        masks = [np.array(mask, bool) for mask in layer["masks"]]
        owner = np.full(masks[0].shape, -1)
        for row, mask in enumerate(masks):
            panel(axes[row][column], mask, owner, row)
            owner[mask & (owner < 0)] = row
        axes[0][column].set_title(f"{layer['title']}: {masks[0].shape[0]} blocks of {masks[0].shape[1]} units", pad=16)
        axes[-1][column].set_xlabel("block")
        axes[-1][column].set_xticks([0.5] + list(np.arange(10, masks[0].shape[0] + 1, 10) - 0.5),
                                    [1] + list(range(10, masks[0].shape[0] + 1, 10)))
    for row, name in enumerate(tasks):
        axes[row][0].set_ylabel(f"task {row + 1}\n{name}", rotation=0, ha="right", va="center", labelpad=8)
    legend(figure, tasks)
    return figure


def panel(axis, mask, owner, task):
    """One layer after one task: what it won, in the colour of the task that won it first."""
    blocks, units = mask.shape
    free, others = ~mask & (owner < 0), ~mask & (owner >= 0)
    squares(axis, np.argwhere(free), FREE)
    squares(axis, np.argwhere(others), OWNED)
    squares(axis, np.argwhere(mask & (owner < 0)), COLOURS[task % len(COLOURS)])
    for earlier in range(task):
        shared = np.argwhere(mask & (owner == earlier))
        squares(axis, shared, COLOURS[earlier % len(COLOURS)])
        squares(axis, shared, "white", 0.3)
    fresh, reused = int((mask & (owner < 0)).sum()), int((mask & (owner >= 0)).sum())
    axis.text(1, 1.06, f"{fresh} new" + (f", {reused} reused" if reused else ""), transform=axis.transAxes, fontsize=7.5,
              color=GREY, ha="right")
    axis.set(xlim=(0, blocks), ylim=(units, 0), aspect="equal", xticks=[], yticks=[])
    axis.tick_params(length=0)
    for spine in axis.spines.values():
        spine.set_visible(False)


def legend(figure, tasks):
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    marks = [Patch(color=COLOURS[n % len(COLOURS)], label=f"first won by task {n + 1}") for n in range(len(tasks))]
    dot = Line2D([], [], linestyle="", marker="s", markersize=7.5, markerfacecolor="white", markeredgecolor="#555555",
                 markeredgewidth=2.6, label="dot: reused, frozen")
    marks += [dot, Patch(color=OWNED, label="another task's"), Patch(color=FREE, label="free")]
    figure.legend(handles=marks, loc="outside lower center", ncols=4, frameon=False, fontsize=8, handlelength=1, handleheight=1)
