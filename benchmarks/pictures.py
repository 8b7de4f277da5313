"""What was learned, as pictures: accuracy on every task after every task, and who won.

Learns Split MNIST, five tasks of two digits, with tickets and, beside it, with one
dense network of the same width that goes on learning. 784-160-160-10, J = 4: four units a
block for five tasks, so that some are shared. Writes build/bench/pictures.json, and
accuracy.svg and winners.svg into docs/figures; the same as .png beside the JSON.

An argument is the JSON of a finished run, drawn without learning anything; its pictures
go beside it. Such a file has "tasks", names; "runs", {title: {"matrix": rows of accuracies}},
each an A[k][i], percent right on task i after task k; and, if winners are to be drawn,
"layers", for each layer {"title", "masks": for each task blocks x units of 0 and 1}.

Variables: SEEDS (0, the first of them); SAMPLES (rows a task, 4000); EPOCHS (2); QUICK=1 is 500 rows,
and leaves the pictures in build/bench.
"""

import json
import sys
from pathlib import Path

import numpy as np

from common import data, settings
from common.pictures_figure import draw
from common.runs import TaskData, swiftcl
from common.table import Progress

PAIRS = [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]
WIDTH, J, BATCH = 160, 4, 32
RESULT = settings.ROOT / "build" / "bench" / "pictures.json"
FIGURES = settings.ROOT / "docs" / "figures"


def split(samples, seed):
    x, y, x_test, y_test = data.mnist()
    rng = np.random.default_rng(seed)
    for pair in PAIRS:
        rows = rng.permutation(np.flatnonzero(np.isin(y, pair)))[:samples]
        tests = np.isin(y_test, pair)
        yield TaskData(x[rows], y[rows], x_test[tests], y_test[tests], classes=pair)


def learn(tasks, epochs, seed, block_size, **options):
    """The matrix A[k][i], and the masks of every layer and task."""
    matrix, sets, masks = swiftcl.AccuracyMatrix(), [], []
    layers = swiftcl.mlp([WIDTH, WIDTH], block_size, 10)
    with swiftcl.Network(layers, seed=seed, **data.MNIST_INPUT, **options) as net:
        for given in tasks:
            steps = swiftcl.steps(len(given.x), BATCH, epochs)
            with net.task(expected_steps=steps, classes=given.classes) as task:
                net.fit(given.x, given.y, epochs=epochs, batch=BATCH, progress=False)
            sets.append((task, given.x_test, given.y_test))
            matrix.add(net.evaluate_tasks(sets))
        for layer in range(2):
            masks.append([net.winner_mask(task, layer).astype(int).tolist() for task, _, _ in sets])
    scores = matrix.scores()
    return {"matrix": np.round(matrix.values, 2).tolist(), "accuracy": round(scores.average_accuracy, 2),
            "forgetting": round(scores.forgetting, 2)}, masks


def measure(quick):
    samples, epochs = settings.integer("SAMPLES", 500 if quick else 4000), settings.integer("EPOCHS", 2)
    seed, progress = settings.integers("SEEDS", [0])[0], Progress(2)
    tasks = list(split(samples, seed))
    progress.show("tickets")
    ours, masks = learn(tasks, epochs, seed, J, expected_tasks=len(PAIRS), unserved="reuse")
    progress.finish("tickets")
    progress.show("one dense network")
    dense, _ = learn(tasks, epochs, seed, 1, sharing="shared", protection="none", sampler="random")
    progress.finish("one dense network")
    return {
        "data": f"Split MNIST, {samples} rows a task, {epochs} epochs, 784-{WIDTH}-{WIDTH}-10",
        "tasks": [f"{a} or {b}" for a, b in PAIRS],
        "runs": {f"tickets, blocks of {J}": ours, "one dense network": dense},
        "layers": [{"title": f"layer {number + 1}", "masks": masks[number]} for number in range(2)]}


def main():
    quick = settings.flag("QUICK")
    if len(sys.argv) > 1:
        source = Path(sys.argv[1])
        content, folder, previews = json.loads(source.read_text()), source.parent, source.parent
    else:
        content, folder, previews = measure(quick), RESULT.parent if quick else FIGURES, RESULT.parent
        for path in (folder, previews):
            path.mkdir(parents=True, exist_ok=True)
        RESULT.write_text(json.dumps(content) + "\n")
        print(f"saved in {RESULT.relative_to(settings.ROOT)}")
    for title, run in content["runs"].items():
        if "accuracy" in run:
            print(f"{title}: accuracy {run['accuracy']:.2f} %, forgetting {run['forgetting']:.2f} points")
    drawn = draw(content, folder, previews)
    for path in drawn or []:
        print(f"drawn in {path.relative_to(settings.ROOT) if path.is_relative_to(settings.ROOT) else path}")
    if drawn is None:
        print("matplotlib is not installed: no pictures")


if __name__ == "__main__":
    main()
