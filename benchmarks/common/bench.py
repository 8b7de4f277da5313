"""A benchmark as a list of rows: runs what is missing, saves every run, prints the table."""

from dataclasses import asdict, dataclass, field
from typing import Callable, Optional

from .results import Results
from .runs import Run, run_tasks, summary, swiftcl
from .table import Progress, Verdict, number, print_table


@dataclass
class Row:
    """One line of the table: what is run, and what it must reach."""

    method: str
    sampler: str
    J: int
    tasks: int
    samples: int
    epochs: int
    batch: int
    options: dict  #: of the network, without layers and seed
    layers: Callable  #: J -> the layers of a network
    data: Callable  #: seed -> iterable of TaskData
    task_options: Optional[Callable] = None  #: number of the task -> options of its begin
    masked: bool = True
    seen: bool = False  #: a task has the classes of all tasks so far
    unknown: bool = False  #: accuracy with the task unknown is measured too: classil beside taskil
    bars: dict = field(default_factory=dict)  #: column -> Bar
    note: str = ""

    def parameters(self):
        """Everything a number depends on but the seed, as JSON: the key under which it is saved."""
        result = {
            "method": self.method, "sampler": self.sampler, "J": self.J, "tasks": self.tasks,
            "samples": self.samples, "epochs": self.epochs, "batch": self.batch, "masked": self.masked,
            "options": self.options, "start": [self.start(n) for n in range(self.tasks)],
            "layers": [self.described(layer) for layer in self.layers(self.J)],
        }
        if self.seen:
            result["seen"] = True
        return result

    def described(self, layer):
        units = [layer.width, layer.block_size, layer.activation, layer.competition]
        window = [layer.kind, layer.kernel_height, layer.kernel_width, layer.stride, layer.padding]
        return units + window if layer.kernel_height else units

    def start(self, task):
        return (self.task_options(task) if self.task_options else {}).get("start", "fresh")


def open_results(name):
    """The JSON file of a benchmark, for the library under test."""
    return Results(name, swiftcl.default_library())


def measure(results, rows, seeds):
    """Runs every row and seed that is not saved yet; returns all rows as saved, in order."""
    missing = sum(results.run(row.parameters(), seed) is None for row in rows for seed in seeds)
    progress = Progress(missing)
    saved = []
    for row in rows:
        parameters = row.parameters()
        title = f"{row.method} {row.sampler} J={row.J} {row.tasks} x {row.samples} x {row.epochs}"
        runs = []
        for seed in seeds:
            run = results.run(parameters, seed)
            if run is None:
                try:
                    values = run_tasks(
                        row.layers(row.J), row.data(seed), row.epochs, row.batch, dict(row.options, seed=seed),
                        row.task_options, row.masked, row.seen, row.unknown,
                        lambda text: progress.show(f"{title}, seed {seed}, {text}"))
                    said = f"{values.accuracy:.2f} %, {values.seconds:.1f} s"
                except swiftcl.NonFiniteError as error:
                    values, said = Run(diverged=str(error)), "diverged"
                run = results.add_run(parameters, seed, asdict(values))
                progress.finish(f"{title}, seed {seed}: {said}")
            runs.append(run)
        means = summary([Run.saved(run["values"]) for run in runs])
        if row.unknown:
            means["taskil"] = means["accuracy"]
        else:
            del means["classil"]
        saved.append(results.add_row(parameters, seeds, runs, {
            "method": row.method, "sampler": row.sampler, "J": row.J, "tasks": row.tasks, "samples": row.samples,
            "epochs": row.epochs, "exemplars": row.options.get("replay_rows", 0), **means}))
    return saved


def accuracy_cell(result):
    if result.get("diverged"):
        return "diverged"
    return f"{result['accuracy']:.2f} ±{result['accuracy_std']:.2f}"


def show(title, results, rows, saved, verdict=None, more=()):
    """The table of some rows, bars beside the numbers; `more` columns as (header, name, digits)."""
    verdict = verdict or Verdict()
    accuracy = "taskil %" if all("taskil" in result for result in saved) else "accuracy %"
    header = ["method", "sampler", "J", "tasks", "rows/task", accuracy, "must", "forgetting", "must", "macs/dense",
              "must", "bits kept", "must"]
    for title_of, column, _ in more:
        header += [title_of, "must"] if any(column in row.bars for row in rows) else [title_of]
    header.append("seconds")
    lines, notes = [], []
    for row, result in zip(rows, saved):
        what = f"{row.method} {row.sampler} J={row.J}, {row.tasks} tasks x {row.samples} x {row.epochs}"

        def cell(column, name=what, values=result, bars=row.bars):
            return verdict.cell(f"{name}, {column}", values.get(column), bars.get(column))

        further = []
        for _, column, digits in more:
            further.append(number(result.get(column), digits))
            if any(column in other.bars for other in rows):
                further.append(cell(column))
        mark = "" if results.is_current(result) else " *"
        lines.append([
            row.method + mark, row.sampler, row.J, row.tasks, f"{row.samples} x {row.epochs}",
            accuracy_cell(result), cell("accuracy"),
            number(result["forgetting"]), cell("forgetting"), number(result["macs_vs_dense"], 4),
            cell("macs_vs_dense"), {True: "yes", False: "no", None: "-"}[result["bit_identical"]],
            cell("bit_identical"),
            *further, number(result["seconds"], 1)])
        if row.note:
            notes.append(f"{row.method}, {row.sampler}, J={row.J}: {row.note}")
        if result.get("diverged"):
            notes.append(f"{what}: diverged: {'; '.join(result['diverged'])}")
        if result.get("refused"):
            notes.append(f"{what}: tasks {', '.join(str(n + 1) for n in result['refused'])} were refused for want of units")
    print(f"\n{title}\n")
    print_table(header, lines, left=2)
    if any(line[0].endswith(" *") for line in lines):
        notes.append("* measured with another build of the library; FRESH=1 runs it again")
    for note in notes:
        print(f"  {note}")
    return verdict
