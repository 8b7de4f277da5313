"""PyTorch training the small convolutional network on all of CIFAR-10, from initial values that it is given.

    run_torch_cifar.py START

START is an .npz with the weights w0, w1, ... and biases b0, b1, ... of the layers.
Weights lie as libswiftcl has them, (maps, row * column * channel).

    hello                  version
    train SEED EPOCHS      trains; accuracy in percent, seconds
"""

import sys

import numpy as np
import torch
from torch import nn

import contender
import cifar_parity
from cifar_parity import data

torch.set_num_threads(1)
torch.set_num_interop_threads(1)


def network(path):
    layers, channels, side = [], 3, 32
    for maps in cifar_parity.WIDTHS[:-1]:
        layers += [nn.Conv2d(channels, maps, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        channels, side = maps, side // 2
    layers += [nn.Flatten(), nn.Linear(channels * side * side, cifar_parity.WIDTHS[-1]), nn.ReLU(),
               nn.Linear(cifar_parity.WIDTHS[-1], cifar_parity.CLASSES)]
    net, given, window = nn.Sequential(*layers), np.load(path), (3, 3)
    parametrised = [layer for layer in net if hasattr(layer, "weight")]
    with torch.no_grad():
        for number, layer in enumerate(parametrised):
            weights = torch.from_numpy(given[f"w{number}"])
            if number <= len(cifar_parity.WIDTHS) - 1:  # a dense layer on maps is a window over all of them
                window = (3, 3) if layer.weight.dim() == 4 else (side, side)
                weights = weights.reshape(len(weights), *window, -1).permute(0, 3, 1, 2)
            layer.weight.copy_(weights.reshape(layer.weight.shape))
            layer.bias.copy_(torch.from_numpy(given[f"b{number}"]))
    return net


def tensor(x):
    mean, deviation = (torch.tensor(values).view(1, 3, 1, 1)
                       for values in (data.CIFAR_MEAN, data.CIFAR_DEVIATION))
    return torch.from_numpy(x).view(-1, 3, 32, 32).float().div_(255).sub_(mean).div_(deviation)


def main():
    loss_of = nn.CrossEntropyLoss()

    def train(seed, epochs):
        x, y, x_test, y_test = data.cifar10()
        net, rows, labels = network(sys.argv[1]), tensor(x), torch.from_numpy(y).long()
        optimizer = torch.optim.SGD(net.parameters(), lr=cifar_parity.FIRST_RATE, momentum=cifar_parity.MOMENTUM)
        group, steps, step = optimizer.param_groups[0], epochs * -(-len(rows) // cifar_parity.BATCH), 0
        watch = contender.Stopwatch()
        for order in cifar_parity.orders(seed, len(rows), epochs):
            for at in range(0, len(rows), cifar_parity.BATCH):
                chosen = order[at:at + cifar_parity.BATCH]
                group["lr"] = cifar_parity.FIRST_RATE * (1 - (1 - cifar_parity.LAST_RATE) * step / max(1, steps - 1))
                optimizer.zero_grad(set_to_none=True)
                loss_of(net(rows[chosen]), labels[chosen]).backward()
                optimizer.step()
                step += 1
        seconds = 1e-9 * watch.stop()[0]
        with torch.no_grad():
            right = np.concatenate([net(tensor(part)).argmax(1).numpy() for part in np.array_split(x_test, 10)])
        return {"accuracy": 100.0 * float((right == y_test).mean()), "seconds": seconds}

    contender.serve({"hello": lambda: {"version": torch.__version__}, "train": train})


if __name__ == "__main__":
    main()
