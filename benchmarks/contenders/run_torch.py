"""PyTorch fine-tuning the dense network on permuted MNIST, task by task.

Everything but learning is done before the clock starts: rows are float tensors,
already in a new random order, so that a batch is a slice.

    task N      trains on task N; seconds
    accuracy    of every task so far, percent
"""

import torch
from torch import nn

import contender
import permuted
from torch_peer import network


def main():
    (x, y, x_test, y_test), orders = permuted.tasks()
    net, loss_of, learned = network(permuted.WIDTH), nn.CrossEntropyLoss(), []

    for layer in net[::2]:  # as ours begin
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)

    def tensor(rows):
        return torch.from_numpy(rows).float().div_(255).sub_(0.1307).div_(0.3081)

    def task(number):
        shuffled = torch.randperm(len(x))
        rows = tensor(x[:, orders[number]])[shuffled].contiguous()
        labels = torch.from_numpy(y).long()[shuffled]
        steps = -(-len(rows) // permuted.BATCH)
        watch = contender.Stopwatch()
        optimizer = torch.optim.SGD(net.parameters(), lr=permuted.FIRST_RATE, momentum=permuted.MOMENTUM)
        group = optimizer.param_groups[0]
        for step in range(steps):
            group["lr"] = permuted.FIRST_RATE * (1 - (1 - permuted.LAST_RATE) * step / max(1, steps - 1))
            at = step * permuted.BATCH
            optimizer.zero_grad(set_to_none=True)
            loss_of(net(rows[at:at + permuted.BATCH]), labels[at:at + permuted.BATCH]).backward()
            optimizer.step()
        spent, wall = watch.stop()
        learned.append(number)
        return {"seconds": 1e-9 * spent, "wall_seconds": 1e-9 * wall, "steps": steps}

    def accuracy():
        with torch.no_grad():
            return {"accuracy": [100.0 * float((net(tensor(x_test[:, orders[n]])).argmax(1).numpy() == y_test).mean())
                                 for n in learned]}

    contender.serve({"task": task, "accuracy": accuracy})


if __name__ == "__main__":
    main()
