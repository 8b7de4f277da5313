"""Dense convolutional training beside PyTorch's, from the same initial values on the same rows in the same order."""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from . import data
from .process import Contender
from .runs import swiftcl
from .settings import ROOT
from .table import number, print_table, within

SCRIPTS, PEERS = ROOT / "benchmarks" / "contenders", ROOT / "build" / "venv-peers"
sys.path.insert(0, str(SCRIPTS))
import cifar_parity  # noqa: E402

POINTS = 1  #: of accuracy between the two


def small_conv_net(widths, J, classes=10):
    """Convolutions of 3 x 3 with a max-pooling after each, one dense layer, the head."""
    layers = []
    for number_of, maps in enumerate(widths[:-1]):
        layers += [swiftcl.conv(maps, J, 3, padding=1, image=None if number_of else (32, 32)), swiftcl.max_pool()]
    return layers + [swiftcl.dense(widths[-1], J), swiftcl.head(classes)]


def train_ours(images, seed, epochs, start):
    """Trains and returns accuracy and seconds; writes the initial values to `start`."""
    x, y, x_test, y_test = images
    options = dict(data.CIFAR_INPUT, sampler="random", sharing="shared", protection="none", seed=seed,
                   learning_rate=cifar_parity.FIRST_RATE, final_rate=cifar_parity.LAST_RATE,
                   momentum=cifar_parity.MOMENTUM)
    layers = small_conv_net(cifar_parity.WIDTHS, 1, cifar_parity.CLASSES)
    with swiftcl.Network(layers, **options) as net:
        with net.task(expected_steps=swiftcl.steps(len(x), cifar_parity.BATCH, epochs)) as task:
            values = {}
            for place, layer in enumerate(at for at, layer in enumerate(layers) if layer.width):
                values[f"w{place}"], values[f"b{place}"] = net.parameters(task, layer)
            np.savez(start, **values)
            seconds = 0.0
            for order in cifar_parity.orders(seed, len(x), epochs):
                rows, labels = x[order], y[order]
                began = time.process_time()
                net.fit(rows, labels, batch=cifar_parity.BATCH, shuffle=False, progress=False)
                seconds += time.process_time() - began
        return {"accuracy": net.evaluate(task, x_test, y_test), "seconds": seconds}


def compare(results, images, seeds, epochs, verdict):
    """Both sides for every seed, saved like the rows of a table; prints them."""
    parameters = {"method": "dense, all classes", "widths": cifar_parity.WIDTHS, "batch": cifar_parity.BATCH,
                  "epochs": epochs,
                  "rate": cifar_parity.FIRST_RATE}
    runs = []
    for seed in seeds:
        run = results.run(parameters, seed)
        if run is None:
            if not (PEERS / ".ready").is_file():
                verdict.not_judged("all classes, ours - PyTorch", "PyTorch is not installed in build/venv-peers")
                print("\nThe comparison with PyTorch is not judged: PyTorch is not installed in build/venv-peers")
                return
            with tempfile.TemporaryDirectory() as folder:
                start = Path(folder) / "start.npz"
                ours = train_ours(images, seed, epochs, start)
                with Contender("pytorch", [PEERS / "bin" / "python", SCRIPTS / "run_torch_cifar.py", start],
                               None) as peer:
                    version, theirs = peer.ask("hello")["version"], peer.ask(f"train {seed} {epochs}")
            run = results.add_run(parameters, seed, {"ours": ours, "pytorch": theirs, "version": version})
            print(f"all classes, seed {seed}: ours {ours['accuracy']:.2f} %, PyTorch {theirs['accuracy']:.2f} %",
                  file=sys.stderr)
        runs.append(run)

    def mean(side, what):
        return float(np.mean([run["values"][side][what] for run in runs]))

    difference = mean("ours", "accuracy") - mean("pytorch", "accuracy")
    shape = "-".join(map(str, cifar_parity.WIDTHS))
    print(f"\nAll ten classes at once, dense, {shape}-10, batch {cifar_parity.BATCH}, {epochs} epochs, from the same "
          "initial values\n")
    bar = within(POINTS) if len(seeds) > 2 else None
    print_table(["seed", "ours %", "PyTorch %", "difference", "must", "ours s", "PyTorch s"], [
        [run["seed"], number(run["values"]["ours"]["accuracy"]), number(run["values"]["pytorch"]["accuracy"]),
         number(run["values"]["ours"]["accuracy"] - run["values"]["pytorch"]["accuracy"]), "",
         number(run["values"]["ours"]["seconds"], 1), number(run["values"]["pytorch"]["seconds"], 1)] for run in runs]
        + [["mean", number(mean("ours", "accuracy")), number(mean("pytorch", "accuracy")), number(difference),
            verdict.cell("all classes, ours - PyTorch", difference, bar), number(mean("ours", "seconds"), 1),
            number(mean("pytorch", "seconds"), 1)]])
    results.set("parity", {"ours": mean("ours", "accuracy"), "pytorch": mean("pytorch", "accuracy"),
                           "difference": difference, "must": f"within {POINTS}", "seeds": seeds, "epochs": epochs})
