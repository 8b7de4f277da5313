"""The tables of the speed benchmark, on the terminal and for docs/speed.md."""

from .speed_rows import SHARE
from .table import Verdict, at_least, at_most, number, print_table


def time(us):
    return f"{us:.1f}" if us < 1e6 else f"{1e-6 * us:.1f} s"


def verdict_cells(row, verdict):
    name = f"{row['what']}, {row['shape']}, batch {row['batch']}, against {row['peer']}"
    bar = None if row["bar"] is None else at_least(row["bar"])
    return [number(row["ratio"]), verdict.cell(name, row["ratio"], bar)]


def ratio_lines(rows, verdict):
    """One line a row: what, shape, batch, ours, peer, theirs, ratio, bar."""
    lines = []
    for row in rows:
        peer = row["peer"] + (" (io_binding)" if row.get("peer_way") == "io_binding" else "")
        lines.append([row["what"], row["shape"], row["batch"], time(row["ours_us"]), peer, time(row["peer_us"])]
                     + verdict_cells(row, verdict) + [number(row.get("ratio_p10"))])
    return lines


def run_lines(rows, verdict):
    lines = []
    for row in rows:
        if row["what"] == "run":
            accuracy, macs = row.get("accuracy_bar"), row.get("macs_bar")
            lines.append([
                f"{row['tasks']} tasks x {row['rows_per_task']}", number(row["accuracy"]),
                verdict.cell("whole run, accuracy", row["accuracy"], accuracy and at_least(accuracy)),
                number(row["macs_vs_dense"], 4),
                verdict.cell("whole run, macs / dense", row["macs_vs_dense"], macs and at_most(macs)),
                number(row["peer_accuracy"])])
    return lines


def limit_lines(limit, verdict):
    return [
        ["step, batch 128", f"{limit['step_b128_gflops']:.1f} GFLOP/s", f"{limit['fma_gflops']:.1f} GFLOP/s",
         number(limit["step_b128_share"]),
         verdict.cell("step at batch 128, share of the peak", limit["step_b128_share"], at_least(SHARE))],
        ["step, batch 1", f"{limit['step_b1_us']:.1f} us",
         f"{limit['step_b1_ideal_us']:.1f} us ({limit['bandwidth_gbs']:.0f} GB/s, {limit['level']})",
         number(limit["step_b1_share"]),
         verdict.cell("step at batch 1, share of the bandwidth", limit["step_b1_share"], at_least(SHARE))],
    ]


RATIO_HEADER = ["what", "shape", "batch", "ours us", "peer", "peer us", "ratio", "must", "p10 ratio"]
RUN_HEADER = ["whole run", "accuracy %", "must", "macs/dense", "must", "PyTorch's accuracy %"]
LIMIT_HEADER = ["", "ours", "limit", "share", "must"]


def show(content):
    """Prints everything that was measured, bars beside the numbers."""
    verdict, machine, limit = Verdict(), content["machine"], content["limit"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    print(f"\n{machine['cpu']}; {machine['build']}; OpenBLAS runs {machine['openblas_core']} kernels; {versions}\n")
    print_table(RATIO_HEADER, ratio_lines(content["rows"], verdict), left=2)
    if content["extra_rows"]:
        print("\nFor comparison: OpenBLAS with the kernels that it did not choose\n")
        print_table(RATIO_HEADER, ratio_lines(content["extra_rows"], verdict), left=2)
    runs = run_lines(content["rows"], verdict)
    if runs:
        print("\nThe whole run: permuted MNIST, 784-800-800-10, J = 8, against PyTorch fine-tuning the dense network\n")
        print_table(RUN_HEADER, runs)
    print("\nShare of the machine's limit\n")
    print_table(LIMIT_HEADER, limit_lines(limit, verdict))
    variants = ", ".join(f"{name} {gflops:.0f}" for name, gflops in limit["fma_variants"].items())
    print(f"  chains of multiply-adds in registers, GFLOP/s: {variants}")
    print(f"  batch 1, {limit['level']} of {limit['level_kbytes']} kB: {limit['ideal']}")
    for line in content["skipped"]:
        print(f"  skipped  {line}")
    if any(row.get("kept") for row in content["rows"]):
        print("  the whole run is kept from an earlier run of the same library; FRESH=1 measures it again")
    if machine["alone"] < 0.97:
        print(f"  other programs had the core {100 - 100 * machine['alone']:.0f} % of the time; times are without that")
    if machine["quick"]:
        print("  QUICK=1: few rounds; the whole run has two tasks and no bars")
    verdict.report()
