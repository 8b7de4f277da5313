"""ONNX Runtime as a contender: predictions of 784-WIDTH-WIDTH-10, CPU provider, one thread.

    ort_peer.py WIDTH

    hello        version
    predict B N  N predictions of B rows: session.run with NumPy arrays in and out
    bound B N    the same with inputs and outputs bound beforehand; new rows are copied in
"""

import functools
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

import contender


def model(width):
    """Gemm and Relu as an export from PyTorch has them: weights [out][in], the batch left open."""
    rng = np.random.default_rng(0)
    widths, nodes, values, name = [contender.PIXELS, width, width, contender.CLASSES], [], [], "x"
    for layer in range(3):
        ins, outs = widths[layer], widths[layer + 1]
        weights = rng.standard_normal((outs, ins), dtype=np.float32) * np.float32((2 / ins) ** 0.5)
        values.append(numpy_helper.from_array(weights, f"w{layer}"))
        values.append(numpy_helper.from_array(np.zeros(outs, np.float32), f"b{layer}"))
        last = layer == 2
        outputs = ["y" if last else f"z{layer}"]
        nodes.append(helper.make_node("Gemm", [name, f"w{layer}", f"b{layer}"], outputs, transB=1))
        if not last:
            nodes.append(helper.make_node("Relu", [f"z{layer}"], [f"a{layer}"]))
        name = f"a{layer}"
    graph = helper.make_graph(
        nodes, "mlp", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", contender.PIXELS])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", contender.CLASSES])], values)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(made)
    return made.SerializeToString()


def main():
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model(int(sys.argv[1])), options, providers=["CPUExecutionProvider"])
    batches = functools.cache(lambda rows: [(x,) for x, _ in contender.pool(rows)])

    def predict(rows, count):
        return contender.timed(lambda x: session.run(None, {"x": x}), batches(rows), count)

    def bound(rows, count):
        given = onnxruntime.OrtValue.ortvalue_from_numpy(batches(rows)[0][0])
        answer = onnxruntime.OrtValue.ortvalue_from_shape_and_type([rows, contender.CLASSES], np.float32)
        binding = session.io_binding()
        binding.bind_ortvalue_input("x", given)
        binding.bind_ortvalue_output("y", answer)

        def run(x):
            given.update_inplace(x)
            session.run_with_iobinding(binding)

        return contender.timed(run, batches(rows), count)

    contender.serve({"hello": lambda: {"version": onnxruntime.__version__}, "predict": predict, "bound": bound})


if __name__ == "__main__":
    main()
