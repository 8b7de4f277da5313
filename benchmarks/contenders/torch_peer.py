"""PyTorch as a contender: 784-WIDTH-WIDTH-10, eager, torch.optim.SGD with momentum, one thread.

    torch_peer.py WIDTH

    hello       version
    step B N    N training steps of B rows, which are tensors already
"""

import functools
import sys

import torch
from torch import nn

import contender

torch.set_num_threads(1)
torch.set_num_interop_threads(1)
torch.manual_seed(0)


def network(width):
    return nn.Sequential(nn.Linear(contender.PIXELS, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(),
                         nn.Linear(width, contender.CLASSES))


def main():
    net = network(int(sys.argv[1]))
    optimizer = torch.optim.SGD(net.parameters(), lr=contender.LEARNING_RATE, momentum=contender.MOMENTUM)
    loss_of = nn.CrossEntropyLoss()

    @functools.cache
    def batches(rows):
        return [(torch.from_numpy(x), torch.from_numpy(y)) for x, y in contender.pool(rows)]

    def train(x, y):
        optimizer.zero_grad(set_to_none=True)
        loss_of(net(x), y).backward()
        optimizer.step()

    contender.serve({
        "hello": lambda: {"version": torch.__version__},
        "step": lambda rows, count: contender.timed(train, batches(rows), count),
    })


if __name__ == "__main__":
    main()
