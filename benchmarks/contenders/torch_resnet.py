"""PyTorch as a contender: dense ResNet-18 as CIFAR has it, eager, SGD with momentum, one thread.

    torch_resnet.py

    hello           version
    step W B N      N training steps of B rows at width W
"""

import functools

import numpy as np
import torch
from torch import nn

import contender

torch.set_num_threads(1)
torch.set_num_interop_threads(1)
torch.manual_seed(0)


class Block(nn.Module):
    """Two convolutions and a shortcut."""

    def __init__(self, below, maps, stride):
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(below, maps, 3, stride, 1, bias=False), nn.BatchNorm2d(maps), nn.ReLU(),
            nn.Conv2d(maps, maps, 3, 1, 1, bias=False), nn.BatchNorm2d(maps))
        same = stride == 1 and below == maps
        self.shortcut = nn.Identity() if same else nn.Sequential(
            nn.Conv2d(below, maps, 1, stride, bias=False), nn.BatchNorm2d(maps))

    def forward(self, x):
        return torch.relu(self.branch(x) + self.shortcut(x))


def resnet18(width):
    layers = [nn.Conv2d(3, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
    below = width
    for stage in range(4):
        for block in range(2):
            layers.append(Block(below, width << stage, 2 if stage and not block else 1))
            below = width << stage
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(below, contender.CLASSES))


@functools.cache
def trained(width):
    net = resnet18(width)
    return net, torch.optim.SGD(net.parameters(), lr=contender.LEARNING_RATE, momentum=contender.MOMENTUM)


def main():
    loss_of = nn.CrossEntropyLoss()
    random = np.random.default_rng(0)

    def step(width, rows, count):
        net, optimizer = trained(width)
        x = torch.from_numpy(random.standard_normal((rows, 3, 32, 32), np.float32))
        y = torch.from_numpy(random.integers(0, contender.CLASSES, rows))

        def train(x, y):
            optimizer.zero_grad(set_to_none=True)
            loss_of(net(x), y).backward()
            optimizer.step()

        return contender.timed(train, [(x, y)], count)

    contender.serve({"hello": lambda: {"version": torch.__version__}, "step": step})


if __name__ == "__main__":
    main()
