"""Tables that line up, with the bars beside the numbers."""

import sys
import time


class Bar:
    """What a number must be: at least, at most, exactly, or a difference within."""

    def __init__(self, sign, value):
        self.sign, self.value = sign, value

    def holds(self, number):
        if number is None:
            return False
        if self.sign == ">=":
            return number >= self.value
        if self.sign == "<=":
            return number <= self.value
        if self.sign == "±":
            return abs(number) <= self.value
        return number == self.value

    def __str__(self):
        if self.sign == "±":
            return f"within ±{self.value:g}"
        return f"{self.sign} " + ("yes" if self.value is True else f"{self.value:g}")


def at_least(value):
    return Bar(">=", value)


def at_most(value):
    return Bar("<=", value)


def exactly(value):
    return Bar("=", value)


def within(value):
    return Bar("±", value)


class Verdict:
    """Counts the bars of a benchmark."""

    def __init__(self):
        self.met, self.missed, self.unjudged = 0, [], []

    def cell(self, what, number, bar):
        """The bar as a table shows it, with `ok` or `MISSED`; empty where there is none."""
        if bar is None:
            return ""
        if bar.holds(number):
            self.met += 1
            return f"{bar} ok"
        self.missed.append(f"{what}: {number if number is not None else 'no number'}, must be {bar}")
        return f"{bar} MISSED"

    def not_judged(self, what, why):
        """A bar that could not be held against anything; the cell says so."""
        self.unjudged.append(f"{what}: {why}")
        return "not judged"

    def report(self):
        print(f"\nbars: {self.met} met, {len(self.missed)} missed"
              + (f", {len(self.unjudged)} not judged" if self.unjudged else ""))
        for line in self.missed:
            print(f"  missed  {line}")
        for line in self.unjudged:
            print(f"  not judged  {line}")

    @property
    def exit_status(self):
        """0 where every bar was judged and met."""
        return int(bool(self.missed or self.unjudged))


def print_table(header, rows, left=1):
    """Columns as wide as their widest cell; the first `left` ones left-aligned."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [header] + rows) for i in range(len(header))]
    for index, row in enumerate([header] + rows):
        print("  ".join(cell.ljust(width) if i < left else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))).rstrip())
        if index == 0:
            print("  ".join("-" * width for width in widths))


def number(value, digits=2):
    return "-" if value is None else f"{value:.{digits}f}"


class Progress:
    """One line on standard error that shows where a benchmark is, while a person watches; else a line a run."""

    def __init__(self, total):
        self.total, self.done, self.started = total, 0, time.monotonic()
        self.watched = sys.stderr.isatty()

    def _line(self, what):
        passed = time.monotonic() - self.started
        return f"[{self.done}/{self.total} runs, {passed:.0f} s] {what}"

    def show(self, what):
        if self.watched:
            sys.stderr.write("\r\x1b[K" + self._line(what)[:118])
            sys.stderr.flush()

    def finish(self, what):
        self.done += 1
        if self.watched:
            self.show(what)
            if self.done == self.total:
                sys.stderr.write("\r\x1b[K")
        else:
            sys.stderr.write(self._line(what) + "\n")
        sys.stderr.flush()
