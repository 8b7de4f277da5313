#!/usr/bin/env python3
"""Writes include/swiftcl.h and the list of exported symbols.

Prototypes come from the header that the Swift compiler emits, so they are what
the library really exports. Doc comments, sections and order come from the Swift
files of Sources/SwiftCL/CAPI:

  * cbindings/swiftcl.h.in has the prose and the place of the functions;
  * files follow each other in the order of their names: A_..., B_..., and so on;
  * `// MARK: - Title` opens a section, plain `//` lines right below introduce it;
  * functions keep the order in which they stand in their file.

A function without a doc comment, a documented parameter that does not exist, an
export outside of CAPI: each is an error, so the header cannot drift.
"""

import argparse
import pathlib
import re
import sys
import textwrap

WIDTH = 80

# What a prototype may be made of, besides the library's own types.
TYPES = set("void char float double size_t".split()) | {
    f"{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32, 64)
}


class Problem(Exception):
    pass


# ------------------------------------------------------------------ prototypes


def split_parameters(text):
    """Splits at the commas outside of parentheses."""
    parts, depth, start = [], 0, 0
    for index, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(text[start:index])
            start = index + 1
    return [part.strip() for part in parts + [text[start:]]]


def normalise(declaration):
    """`swiftcl_plan const * _Nullable plan` -> `const swiftcl_plan *plan`."""
    text = re.sub(r"\b_(Nullable|Nonnull|Null_unspecified)\b", "", declaration)
    text = re.sub(r"\b(swiftcl_\w+)_const_ref\b", r"const \1 *", text)
    text = re.sub(r"\b(swiftcl_\w+)_ref\b", r"\1 *", text)
    text = re.sub(r"\b(\w+) const\b", r"const \1", text)
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"\* (?=\*)", "*", text)
    return re.sub(r"\* (?=\w)", "*", text)


class Prototype:
    def __init__(self, line):
        text = re.sub(r"\bSWIFT_[A-Z_]+(\([^)]*\))?", "", line).strip().rstrip(";").strip()
        match = re.match(r"(.*?)\b(swiftcl_\w+)\((.*)\)$", text)
        if not match:
            raise Problem(f"cannot read the compiler's prototype: {line}")
        self.result = normalise(match[1])
        self.name = match[2]
        self.parameters = [normalise(p) for p in split_parameters(match[3])]
        self.parameter_names = [
            re.search(r"(\w+)$", re.sub(r"\(\*(\w+)\)\(.*\)$", r"\1", p))[1]
            for p in self.parameters
            if p != "void"
        ]
        for base in re.findall(r"\w+", self.result) + [
            word for p in self.parameters for word in re.findall(r"\w+(?=\s)", p) if "(" not in p
        ]:
            if base not in TYPES | {"const"} and not base.startswith("swiftcl_"):
                raise Problem(f"{self.name}: `{base}` has no place in the C interface")
        for name in self.parameter_names:
            if name.endswith("_"):
                raise Problem(f"{self.name}: the compiler renamed a parameter to `{name}`; call it otherwise")

    def text(self):
        space = "" if self.result.endswith("*") else " "
        head = f"{self.result}{space}{self.name}("
        line = f"{head}{', '.join(self.parameters)});"
        if len(line) <= WIDTH:
            return line
        lines, current = [head], "   "
        for index, parameter in enumerate(self.parameters):
            piece = parameter + ("," if index + 1 < len(self.parameters) else ");")
            if len(current) + 1 + len(piece) > WIDTH:
                lines.append(current)
                current = "   "
            current += " " + piece
        return "\n".join(lines + [current])


def compiler_prototypes(path):
    found = {}
    for line in path.read_text().splitlines():
        if line.startswith("SWIFT_EXTERN") and "swiftcl_" in line:
            prototype = Prototype(line)
            found[prototype.name] = prototype
    if not found:
        raise Problem(f"{path} has no functions")
    return found


# --------------------------------------------------------------- doc comments


def fill(text, first="", rest=""):
    return textwrap.wrap(
        text,
        WIDTH - 3,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def prose(lines):
    """Refills paragraphs and list items; keeps code as it stands."""
    output, paragraph, code = [], [], False

    def flush():
        if paragraph:
            marker = re.match(r"([-*]|\d+\.) ", paragraph[0])
            indent = " " * len(marker[0]) if marker else ""
            output.extend(fill(" ".join(p.strip() for p in paragraph), rest=indent))
            paragraph.clear()

    for line in lines:
        if line.strip().startswith("```"):
            flush()
            code = not code
        elif code:
            output.append("    " + line)
        elif not line.strip():
            flush()
            output.append("")
        elif line.startswith("    ") and not paragraph:
            output.append(line)
        else:
            if re.match(r"([-*]|\d+\.) ", line):
                flush()
            paragraph.append(line)
    flush()
    while output and not output[-1]:
        output.pop()
    return output


class Doc:
    """A Swift doc comment taken apart: text, parameters, returned value."""

    def __init__(self, lines, function):
        self.body, self.parameters, self.returns = [], {}, []
        target, in_list = self.body, False
        for line in lines:
            single = re.match(r"- Parameter (\w+): ?(.*)", line)
            nested = re.match(r"\s+- (\w+): ?(.*)", line) if in_list else None
            returns = re.match(r"- Returns: ?(.*)", line)
            if re.match(r"- Parameters:\s*$", line):
                in_list, target = True, None
            elif single or nested:
                name, text = (single or nested).groups()
                if name in self.parameters:
                    raise Problem(f"{function}: parameter `{name}` is documented twice")
                target = self.parameters[name] = [text]
            elif returns:
                in_list, target = False, self.returns
                target.append(returns[1])
            elif line.strip() and not line.startswith(" ") and target is not self.body:
                in_list, target = False, self.body
                target.extend(["", line])
            elif target is not None:
                target.append(line if target is self.body else line.strip())

    def comment(self, prototype):
        names = prototype.parameter_names
        for name in self.parameters:
            if name not in names:
                raise Problem(f"{prototype.name}: `{name}` is documented but is no parameter")
        lines = prose(self.body)
        if not lines:
            raise Problem(f"{prototype.name} has no doc comment")
        tags = []
        for name in names:
            if name in self.parameters:
                tags += self.tag(f"@param {name} ", self.parameters[name])
        if self.returns:
            tags += self.tag("@return ", self.returns)
        if tags:
            lines += [""] + tags
        if len(lines) == 1 and len(lines[0]) + 7 <= WIDTH:
            return f"/** {lines[0]} */"
        body = "\n".join((" * " + line).rstrip() for line in lines)
        return f"/**\n{body}\n */"

    @staticmethod
    def tag(head, lines):
        items = prose(lines)
        first, rest = (items[0], items[1:]) if items else ("", [])
        if any(re.match(r"([-*]|\d+\.) ", item) for item in rest):
            return [head + first] + ["    " + item for item in rest]
        return fill(head + " ".join(items), rest="    ")


# -------------------------------------------------------------- Swift sources


def section_lines(path, prototypes, used):
    """Everything of one CAPI file, as lines of the header."""
    output, doc, title, intro, in_intro = [], [], re.sub(r"^[A-Z]_", "", path.stem), [], False
    for raw in path.read_text().splitlines():
        line = raw.strip()
        mark = re.match(r"// MARK: -? ?(.*)", line)
        export = re.match(r"@c\((swiftcl_\w+)\)", line)
        if mark:
            title, intro, doc, in_intro = mark[1], [], [], True
        elif in_intro and re.match(r"//(?!/)", line):
            intro.append(line[2:].removeprefix(" "))
        elif line.startswith("///"):
            doc.append(line[3:].removeprefix(" "))
        elif export:
            if title:  # a section without functions leaves no trace
                output += section_head(title, intro)
                title = None
            name = export[1]
            if name not in prototypes:
                raise Problem(f"{path.name}: {name} is not in the compiler's header; is it public?")
            if name in used:
                raise Problem(f"{path.name}: {name} appears twice")
            used.append(name)
            output += [Doc(doc, name).comment(prototypes[name]), prototypes[name].text(), ""]
        elif not line.startswith("@"):
            doc = []
        in_intro = mark is not None or (in_intro and line.startswith("//"))
    return output


def section_head(title, intro):
    lines = ["", f"/* {'-' * (WIDTH - 7 - len(title))} {title} */", ""]
    if intro:
        lines += ["/*"] + [(" * " + line).rstrip() for line in prose(intro)] + [" */", ""]
    return lines


def version_of(types):
    numbers = [
        re.search(rf"#define SWIFTCL_VERSION_{part} (\d+)", types)[1]
        for part in ("MAJOR", "MINOR", "PATCH")
    ]
    return ".".join(numbers)


def generate(arguments):
    prototypes = compiler_prototypes(arguments.raw)
    used, output = [], []
    version = version_of(arguments.types.read_text())
    for line in arguments.template.read_text().splitlines():
        if line == "@FUNCTIONS@":
            for path in sorted(arguments.capi.glob("*.swift")):
                output.extend(section_lines(path, prototypes, used))
        else:
            output.append(line.replace("@VERSION@", version))
    missing = sorted(set(prototypes) - set(used))
    if missing:
        raise Problem(f"exported outside of {arguments.capi}: {', '.join(missing)}")
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(output)).strip("\n") + "\n"
    arguments.header.write_text(text)
    arguments.symbols.write_text("".join(f"{name}\n" for name in sorted(used)))
    print(f"{arguments.header}: {len(used)} functions")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, text in (
        ("raw", "the header the compiler emitted"),
        ("capi", "folder of the Swift files with the exported functions"),
        ("template", "swiftcl.h.in"),
        ("types", "swiftcl_types.h, for the version"),
        ("header", "the header to write"),
        ("symbols", "the symbol list to write"),
    ):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True, help=text)
    try:
        generate(parser.parse_args())
    except Problem as problem:
        sys.exit(f"generate-header: {problem}")


if __name__ == "__main__":
    main()
