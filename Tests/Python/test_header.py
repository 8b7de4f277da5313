"""The binding against the headers: everything is bound, and as the C compiler sees it."""

import ctypes
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import swiftcl
from conftest import ROOT
from swiftcl import errors
from swiftcl._abi import _header_path, abi
from swiftcl._header import HeaderError, parse_header

HEADERS = _header_path().parent
COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="SKIPPED: no C compiler")


def stripped(name):
    """A header without comments and preprocessor lines."""
    text = re.sub(r"/\*.*?\*/", " ", (HEADERS / name).read_text(), flags=re.DOTALL)
    return re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)


def test_every_prototype_is_bound():
    declared = set(re.findall(r"\b(swiftcl_\w+)\s*\(", stripped("swiftcl.h")))
    assert declared and declared == set(abi.functions)
    library = swiftcl.default_library()
    for name in declared:
        function = getattr(library, name)
        assert function.argtypes == abi.functions[name][1], name
        assert function.restype is abi.functions[name][0], name


def test_every_struct_and_constant_is_there():
    types = (HEADERS / "swiftcl_types.h").read_text()
    assert set(re.findall(r"^typedef struct (\w+)", stripped("swiftcl_types.h"), re.MULTILINE)) == set(swiftcl.structs)
    defined = set(re.findall(r"^#define (SWIFTCL_\w+)[ \t]+\S", types, re.MULTILINE))
    assert defined == set(swiftcl.constants)


def test_headers_are_those_of_the_source_tree():
    for name in ("swiftcl.h", "swiftcl_types.h"):
        assert (HEADERS / name).read_bytes() == (ROOT / "include" / name).read_bytes()


def test_the_library_exports_nothing_the_header_lacks():
    nm = shutil.which("nm")
    if nm is None:
        pytest.skip("SKIPPED: no nm")
    listing = subprocess.run([nm, "-D", "--defined-only", swiftcl.default_library().path],
                             capture_output=True, text=True, check=True).stdout
    exported = {line.split()[-1].split("@")[0] for line in listing.splitlines() if " T " in line}
    assert exported == set(abi.functions)


def run_c(tmp_path, body, language_flags=("-std=c99",)):
    source, program = tmp_path / "probe.c", tmp_path / "probe"
    source.write_text(body)
    subprocess.run([COMPILER, *language_flags, "-Wall", "-Wextra", "-Werror", "-I", str(HEADERS), "-o", str(program),
                    str(source)], check=True)
    return subprocess.run([str(program)], capture_output=True, text=True, check=True).stdout


@needs_compiler
def test_layout_of_structs_and_values_of_constants(tmp_path):
    lines, expected = [], []
    for name, fields in abi.header.structs.items():
        struct = swiftcl.structs[name]
        lines.append(f'printf("%zu\\n", sizeof({name}));')
        expected.append(ctypes.sizeof(struct))
        for field in fields:
            lines.append(f'printf("%zu %zu\\n", offsetof({name}, {field.name}), sizeof((({name} *)0)->{field.name}));')
            member = getattr(struct, field.name)
            expected.append(f"{member.offset} {member.size}")
    for name, value in swiftcl.constants.items():
        lines.append(f'printf("{"%llu" if value > 2**63 else "%lld"}\\n", '
                     f'({"unsigned " if value > 2**63 else ""}long long){name});')
        expected.append(value)
    out = run_c(tmp_path, "#include <stdio.h>\n#include \"swiftcl.h\"\nint main(void) {\n" + "\n".join(lines)
                + "\nreturn 0;\n}\n")
    assert out.split("\n")[:-1] == [str(item) for item in expected]


@needs_compiler
def test_the_compiler_agrees_with_every_parsed_type(tmp_path):
    """Declares everything once more from what was parsed: a C compiler refuses a second, different type."""
    again = []
    for function in abi.header.functions.values():
        parameters = ", ".join(str(p.type) for p in function.parameters) or "void"
        again.append(f"extern {function.result} {function.name}({parameters});")
    for callback in abi.header.callbacks.values():
        parameters = ", ".join(str(p.type) for p in callback.parameters) or "void"
        again.append(f"extern {callback.name} probe_{callback.name};")
        again.append(f"extern {callback.result} (*probe_{callback.name})({parameters});")
    run_c(tmp_path, '#include "swiftcl.h"\n' + "\n".join(again) + "\nint main(void) { return 0; }\n")


def test_every_status_has_an_exception():
    names = {name[len("SWIFTCL_E_"):] for name in swiftcl.constants if name.startswith("SWIFTCL_E_")}
    assert names == set(errors.BY_STATUS)
    assert len(set(errors.BY_STATUS.values())) == len(names)
    library = swiftcl.default_library()
    for name in names:
        error = library.error(swiftcl.constants[f"SWIFTCL_E_{name}"])
        assert type(error) is errors.BY_STATUS[name] and error.status_name == f"SWIFTCL_E_{name}"


def test_every_enum_field_takes_names():
    fields = {name for _, name in abi.enums}
    assert {"sampler", "allocation", "unserved", "protection", "sharing", "head", "kl_form", "loss", "optimizer",
            "schedule", "clip_scope", "input_type", "input_layout", "start", "kind", "activation",
            "competition"} <= fields
    assert swiftcl.option_values("sampler") == ["mean", "gumbel", "straight_through", "top_k", "random"]


GOOD = """
/* a comment */
#ifndef GUARD_H
#define GUARD_H
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif
typedef int32_t swiftcl_status;
#define SWIFTCL_A (-1) /**< minus one */
#define SWIFTCL_B 0x10u
#define SWIFTCL_M UINT64_MAX
#define SWIFTCL_FILL(a, b) \\
  { (a), (b), {0} }
#if defined(__nothing__) || defined(__neither__)
#define SWIFTCL_C 1
#else
#define SWIFTCL_C (SWIFTCL_B | 2)
#endif
typedef struct swiftcl_thing swiftcl_thing;
/** Does
 * it. */
swiftcl_status swiftcl_do(const swiftcl_thing *thing,
    /* why */ const float *values, size_t count);
#ifdef __cplusplus
}
#endif
#endif
"""


def parse(tmp_path, text):
    path = tmp_path / "probe.h"
    path.write_text(text)
    return parse_header(path)


def test_option_structs_are_filled_by_their_size():
    header = abi.header
    assert header.sized["swiftcl_options_init_paper"] == "swiftcl_options"
    for name, struct in header.sized.items():
        assert [str(p.type) for p in header.functions[f"{name}_sized"].parameters] == [f"{struct} *", "size_t"]


@pytest.mark.parametrize("macro", [
    "swiftcl_s_init(options) swiftcl_s_init_sized((options), sizeof(swiftcl_t))",
    "swiftcl_s_init(options) swiftcl_other_sized((options), sizeof(swiftcl_s))",
])
def test_sizes_of_other_structs_are_refused(tmp_path, macro):
    with pytest.raises(HeaderError):
        parse(tmp_path, f"typedef struct swiftcl_s {{ uint32_t struct_size; }} swiftcl_s;\n#define {macro}\n")


def test_the_parser_reads_what_it_should(tmp_path):
    header = parse(tmp_path, GOOD)
    assert header.constants == {"SWIFTCL_A": -1, "SWIFTCL_B": 16, "SWIFTCL_M": 2**64 - 1, "SWIFTCL_C": 18}
    assert header.initialisers == ["SWIFTCL_FILL"]
    assert header.constant_docs["SWIFTCL_A"] == "minus one"
    function = header.functions["swiftcl_do"]
    assert function.doc == "Does\nit."
    assert [(p.name, str(p.type)) for p in function.parameters] == [
        ("thing", "const swiftcl_thing *"), ("values", "const float *"), ("count", "size_t")]


@pytest.mark.parametrize("text", [
    "typedef enum { A } swiftcl_e;",
    "enum swiftcl_e { A };",
    "struct swiftcl_s { int32_t a; };",
    "typedef struct swiftcl_s { int32_t a : 3; } swiftcl_s;",
    "typedef struct swiftcl_s { int32_t a, b; } swiftcl_s;",
    "typedef struct swiftcl_s { int32_t a[]; } swiftcl_s;",
    "typedef struct swiftcl_s { union { int32_t a; } b; } swiftcl_s;",
    "typedef struct swiftcl_s { } swiftcl_s;",
    "typedef struct swiftcl_s { int32_t a; } swiftcl_other;",
    "typedef struct swiftcl_s { swiftcl_unknown a; } swiftcl_s;",
    "int swiftcl_f(void);",
    "bool swiftcl_f(void);",
    "int32_t swiftcl_f();",
    "int32_t swiftcl_f(int32_t);",
    "int32_t swiftcl_f(int32_t a, ...);",
    "int32_t swiftcl_f(int32_t a[4]);",
    "int32_t swiftcl_f(int32_t (*callback)(void));",
    "int32_t swiftcl_f(float *const a);",
    "int32_t swiftcl_f(int32_t a) __attribute__((pure));",
    "extern int32_t swiftcl_f(void);",
    "static inline int32_t swiftcl_f(void) { return 0; }",
    "int32_t swiftcl_f(void)",
    "int32_t swiftcl_f(void); int32_t swiftcl_f(void);",
    "int32_t other_f(void);",
    "extern int32_t swiftcl_global;",
    "#define SWIFTCL_F(x) (x)",
    "#define SWIFTCL_F(x) { x }; int32_t swiftcl_g(void)",
    "#define SWIFTCL_F(...) { __VA_ARGS__ }",
    "#define SWIFTCL_F(x) { x }\n#define SWIFTCL_F(x) { x }",
    "#define OTHER(x) { x }",
    "#define SWIFTCL_EMPTY",
    "#define OTHER 1",
    "#define SWIFTCL_X 1.5",
    "#define SWIFTCL_X sizeof(int)",
    "#define SWIFTCL_X 1\n#define SWIFTCL_X 2",
    "#pragma pack(1)",
    "#include <stdbool.h>",
    '#include "elsewhere.h"',
    "#if SWIFTCL_LEVEL > 3\n#endif",
    "#if defined(A)",
    "#endif",
    "/* open",
    "@",
])
def test_the_parser_refuses_what_it_does_not_understand(tmp_path, text):
    with pytest.raises(HeaderError, match=r"probe\.h:\d+: "):
        parse(tmp_path, "#ifndef PROBE_H\n#define PROBE_H\n#include <stdint.h>\n" + text + "\n#endif\n"
              if not text.startswith("#if") and text != "#endif" else text + "\n")


def test_docs_of_the_header_are_docstrings():
    library = swiftcl.default_library()
    undocumented = [name for name in abi.functions if not getattr(library, name).__doc__]
    assert undocumented == []


def test_installed_package_is_current():
    """A stale copy of the library in the package would make every other test worthless."""
    if "SWIFTCL_LIBRARY" in os.environ:
        pytest.skip("SKIPPED: another library than the package's is tested")
    built = ROOT / "build" / "lib" / Path(swiftcl.default_library().path).name
    if built.is_file():
        assert built.read_bytes() == Path(swiftcl.default_library().path).read_bytes()


def test_kinds_of_masks_may_be_added():
    layers = [swiftcl.dense(16), swiftcl.head(2)]

    def kept(kind):
        with swiftcl.Network(layers, inputs=16, sharing="shared", protection="none", sparsity=0.75,
                             sparsity_kind=kind) as net:
            net.begin_task(classes=[0, 1])
            return net.weight_mask(layer=0)

    for kind, number in (("filter+block", 10), ("irregular+filter", 9), ("filter", 8)):
        np.testing.assert_array_equal(kept(kind), kept(number))
    for wrong in ("filter+", "filter+rows", "+", "filter block"):
        with pytest.raises(ValueError, match="several with [+]"):
            kept(wrong)
    with pytest.raises(ValueError, match="sampler"):
        swiftcl.Network(layers, inputs=16, sampler="mean+gumbel")
