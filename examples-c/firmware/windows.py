"""windows.py OUT: the windows of three people that the board learns, as one file.

UCI-HAPT from $SWIFTCL_DATA/uci-hapt where it is found, otherwise people that are made up. Inputs are
means of four samples: 32 times six channels, signed 16 bits. Of each person, activity and recording,
in order of time, the first 65 % train and the last 30 % test: windows overlap by half, so that a
random split would leak.

The file, little-endian: "SCLW", people, inputs, classes, channels (u32); channels scales and as many
offsets (f32); for each person rows for training, rows for testing, offset of the training rows, of
the test rows (u32). Rows lie one after the other: the inputs (i16), behind all of them the labels
(u8).
"""

import array
import gzip
import os
import struct
import sys

PEOPLE = [18, 9, 29]
CLASSES, CHANNELS, SAMPLES, GROUP = 6, 6, 128, 4
STEPS = SAMPLES // GROUP


def npy(path):
    """The values of an NPY file of format 1.0 as an array; its shape is known."""
    kinds = {"<i2": "h", "|u1": "B", "|i1": "b", "<i4": "i"}
    with gzip.open(path) as file:
        data = file.read()
    length = struct.unpack_from("<H", data, 8)[0]
    header = data[10:10 + length].decode("ascii")
    kind = next(code for name, code in kinds.items() if name in header)
    values = array.array(kind)
    values.frombytes(data[10 + length:])
    return values


def hapt(folder):
    people, sums, squares, count = {}, [0] * CHANNELS, [0] * CHANNELS, 0
    for part in ("train", "test"):
        x, y, subject, experiment, start = (
            npy(f"{folder}/{part}_{name}.npy.gz") for name in ("x", "y", "subject", "experiment", "start"))
        for c in range(CHANNELS):
            channel = x[c::CHANNELS]
            sums[c] += sum(channel)
            squares[c] += sum(map(int.__mul__, channel, channel))
        count += len(x) // CHANNELS
        for n in range(len(y)):
            if subject[n] in PEOPLE and y[n] < CLASSES:
                window = x[n * SAMPLES * CHANNELS:(n + 1) * SAMPLES * CHANNELS]
                groups = people.setdefault(subject[n], {}).setdefault((y[n], experiment[n]), [])
                groups.append((start[n], mean_of_four(window)))
    scale, offset = [], []
    for total, square in zip(sums, squares):
        mean = total / count
        deviation = (square / count - mean * mean) ** 0.5
        scale.append(1 / deviation)
        offset.append(-mean / deviation)
    return scale, offset, [split(people[person]) for person in PEOPLE]


def mean_of_four(window):
    row = array.array("h")
    for step in range(STEPS):
        for c in range(CHANNELS):
            values = window[step * GROUP * CHANNELS + c:(step + 1) * GROUP * CHANNELS:CHANNELS]
            row.append((2 * sum(values) + GROUP) // (2 * GROUP))
    return row


def split(groups):
    train, test = [], []
    for (label, _), rows in sorted(groups.items()):
        rows = [row for _, row in sorted(rows, key=lambda each: each[0])]
        train += [(row, label) for row in rows[:int(0.65 * len(rows))]]
        test += [(row, label) for row in rows[len(rows) - int(0.30 * len(rows)):]]
    return train, test


def made_up():
    """Each activity is a pattern, which each person turns by some samples; noise on top."""
    state = 1

    def noise(bound):
        nonlocal state
        state = (state * 6364136223846793005 + 1442695040888963407) % 2 ** 64
        return (state >> 33) % (2 * bound + 1) - bound

    patterns = [[noise(600) for _ in range(STEPS * CHANNELS)] for _ in range(CLASSES)]

    def person(number):
        style = [noise(500) for _ in range(STEPS * CHANNELS)]

        def rows(count):
            return [(array.array("h", [a + b + noise(500) for a, b in zip(patterns[n % CLASSES], style)]), n % CLASSES)
                    for n in range(count)]
        return rows(160), rows(72)
    return [1 / 512] * CHANNELS, [0.0] * CHANNELS, [person(number) for number in range(len(PEOPLE))]


def main():
    folder = os.path.join(os.environ.get("SWIFTCL_DATA", "../shared/data"), "uci-hapt")
    found = os.path.exists(f"{folder}/train_x.npy.gz")
    print("UCI-HAPT" if found else f"no UCI-HAPT in {folder}: people are made up", file=sys.stderr)
    scale, offset, people = hapt(folder) if found else made_up()
    head = struct.pack("<4s4I", b"SCLW", len(people), STEPS * CHANNELS, CLASSES, CHANNELS)
    head += struct.pack(f"<{2 * CHANNELS}f", *scale, *offset)
    body, at = b"", len(head) + 16 * len(people)
    for train, test in people:
        places = []
        for rows in (train, test):
            places.append(at + len(body))
            body += b"".join(row.tobytes() for row, _ in rows) + bytes(label for _, label in rows)
            body += bytes(-len(body) % 4)
        head += struct.pack("<4I", len(train), len(test), *places)
    with open(sys.argv[1], "wb") as file:
        file.write(head + body)


main()
