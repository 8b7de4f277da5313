"""Reads the C headers of libswiftcl.

The binding has no list of functions, structs or constants of its own: all of
them come from ``swiftcl.h`` and ``swiftcl_types.h`` through this parser. It
understands the small, plain dialect those two files are written in and raises
:class:`HeaderError`, with file and line, on anything else, so that a header
that outgrows it cannot be bound half or wrongly.
"""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple, Union

__all__ = ["CType", "Field", "Function", "Header", "HeaderError", "Parameter", "parse_header"]


class HeaderError(Exception):
    """The header holds something that the parser does not understand."""


@dataclass(frozen=True)
class CType:
    """A C type: the name of its base and how many pointers lead to it."""

    base: str
    pointers: int = 0
    const: bool = False  #: the pointed-to base is const
    array: bool = False  #: of two pointers, the outer points to const ones: T *const *

    def __str__(self) -> str:
        stars = "*const *" if self.array else "*" * self.pointers
        return ("const " if self.const else "") + self.base + (" " + stars if stars else "")


@dataclass(frozen=True)
class Parameter:
    name: str
    type: CType


@dataclass(frozen=True)
class Field:
    name: str
    type: CType
    array: Optional[int]  #: element count of an array member, else None
    doc: str


@dataclass(frozen=True)
class Function:
    name: str
    result: CType
    parameters: Tuple[Parameter, ...]
    doc: str


@dataclass
class Header:
    """Everything the headers declare, in the order in which they do."""

    constants: Dict[str, Union[int, str]] = field(default_factory=dict)
    constant_docs: Dict[str, str] = field(default_factory=dict)
    initialisers: List[str] = field(default_factory=list)  #: macros with parameters, for C programs only
    sized: Dict[str, str] = field(default_factory=dict)  #: macros that pass on the size of a struct, which
    aliases: Dict[str, CType] = field(default_factory=dict)  #: typedef of a scalar
    opaque: List[str] = field(default_factory=list)
    structs: Dict[str, Tuple[Field, ...]] = field(default_factory=dict)
    struct_docs: Dict[str, str] = field(default_factory=dict)
    callbacks: Dict[str, Function] = field(default_factory=dict)  #: typedef of a function pointer
    functions: Dict[str, Function] = field(default_factory=dict)


#: Scalars a header may use by name, besides its own typedefs.
SCALARS = frozenset(
    "char int8_t uint8_t int16_t uint16_t int32_t uint32_t int64_t uint64_t size_t float double".split()
)

#: What <stdint.h> calls the largest number of each of its types.
_LIMITS = {f"{sign}INT{bits}_MAX": 2 ** (bits - (not sign)) - 1 for sign in ("U", "") for bits in (8, 16, 32, 64)}

_KNOWN_INCLUDES = frozenset(["<stddef.h>", "<stdint.h>"])
_PLATFORM_MACROS = {"linux": "__linux__", "darwin": "__APPLE__", "win32": "_WIN32"}

_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\r\f\v]+)
  | (?P<newline>\n)
  | (?P<comment>\x00\d+\x00)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<number>\d\w*)
  | (?P<string>"(?:[^"\\\n]|\\.)*")
  | (?P<punct>[{}()\[\];,*])
    """,
    re.VERBOSE,
)


def parse_header(path: Union[str, Path], macros: Optional[Sequence[str]] = None) -> Header:
    """Reads one header and the headers beside it that it includes.

    ``macros`` are the names that ``#if defined(...)`` finds defined; by default
    the one of the running platform.
    """
    if macros is None:
        macros = [name for prefix, name in _PLATFORM_MACROS.items() if sys.platform.startswith(prefix)]
    header = Header()
    _File(Path(path), header, set(macros), set()).parse()
    return header


class _Token:
    __slots__ = ("kind", "text", "line")

    def __init__(self, kind: str, text: str, line: int) -> None:
        self.kind, self.text, self.line = kind, text, line


class _File:
    """One header file: comments, preprocessor lines, then declarations."""

    def __init__(self, path: Path, header: Header, macros: set, seen: set) -> None:
        self.path, self.header, self.macros, self.seen = path, header, macros, seen
        self.comments: List[str] = []
        self.tokens: List[_Token] = []
        self.position = 0
        self.guard: Optional[str] = None

    def fail(self, line: int, message: str) -> "HeaderError":
        return HeaderError(f"{self.path.name}:{line}: {message}")

    def parse(self) -> None:
        if self.path in self.seen:
            return
        self.seen.add(self.path)
        text = self.path.read_text(encoding="utf-8")
        if "\x00" in text:
            raise self.fail(1, "a zero byte in the file")
        self.tokenise(self.preprocess(self.set_comments_aside(text)))
        self.declarations()

    # ------------------------------------------------------------- comments

    def set_comments_aside(self, text: str) -> str:
        """Replaces each comment by a numbered mark and keeps the line count."""

        def mark(match: "re.Match[str]") -> str:
            body = match.group(0)
            if body[0] == '"':
                return body
            self.comments.append(body)
            return f"\x00{len(self.comments) - 1}\x00" + "\n" * body.count("\n")

        text = re.sub(r'"(?:[^"\\\n]|\\.)*"|/\*.*?\*/|//[^\n]*', mark, text, flags=re.DOTALL)
        if "/*" in text:
            raise self.fail(text.count("\n", 0, text.index("/*")) + 1, "a comment without an end")
        return text

    def doc_of(self, marks: str, trailing: bool) -> str:
        """The text of the doc comments among the marks of a stretch of source."""
        parts = []
        for number in re.findall(r"\x00(\d+)\x00", marks):
            body = self.comments[int(number)]
            starts = ("/**<", "///<") if trailing else ("/**", "///")
            if body.startswith(starts) and (trailing or not body.startswith(("/**<", "///<", "/***"))):
                parts.append(_clean_comment(body))
        return "\n".join(parts).strip()

    # --------------------------------------------------------- preprocessor

    def preprocess(self, text: str) -> List[Tuple[int, str]]:
        """Handles every line that starts with # and returns the others."""
        lines: List[Tuple[int, str]] = []
        conditions: List[Tuple[bool, bool]] = []  # (taken now, a branch was taken)
        raw = text.split("\n")
        index = 0
        while index < len(raw):
            number, line = index + 1, raw[index]
            index += 1
            bare = re.sub(r"\x00\d+\x00", " ", line)
            if not bare.lstrip().startswith("#"):
                if all(taken for taken, _ in conditions):
                    lines.append((number, line))
                continue
            while line.rstrip().endswith("\\"):
                if index == len(raw):
                    raise self.fail(number, "the file ends inside a continued line")
                line = line.rstrip()[:-1] + " " + raw[index]
                index += 1
            bare = re.sub(r"\x00\d+\x00", " ", line).strip()
            match = re.fullmatch(r"#\s*(\w+)\s*(.*)", bare, flags=re.DOTALL)
            if not match:
                raise self.fail(number, f"not understood: {bare!r}")
            word, rest = match.group(1), match.group(2).strip()
            active = all(taken for taken, _ in conditions)
            if word in ("if", "ifdef", "ifndef"):
                if not active:
                    conditions.append((False, True))
                    continue
                if word == "if":
                    truth = self.condition(number, rest)
                else:
                    if not re.fullmatch(r"\w+", rest):
                        raise self.fail(number, f"not understood: {bare!r}")
                    truth = (rest in self.macros) == (word == "ifdef")
                    if word == "ifndef" and self.guard is None and not lines_hold_code(lines):
                        self.guard = rest
                conditions.append((truth, truth))
            elif word in ("else", "elif"):
                if not conditions:
                    raise self.fail(number, f"#{word} without #if")
                _, done = conditions.pop()
                if not all(taken for taken, _ in conditions):
                    conditions.append((False, True))
                else:
                    truth = not done and (word == "else" or self.condition(number, rest))
                    conditions.append((truth, done or truth))
            elif word == "endif":
                if not conditions:
                    raise self.fail(number, "#endif without #if")
                conditions.pop()
            elif not active:
                continue
            elif word == "include":
                self.include(number, rest)
            elif word == "define":
                self.define(number, rest, line)
            elif word == "error":
                raise self.fail(number, f"#error {rest}")
            else:
                raise self.fail(number, f"#{word} is not understood")
        if conditions:
            raise self.fail(len(raw), "#if without #endif")
        return lines

    def condition(self, line: int, text: str) -> bool:
        source = re.sub(r"\bdefined\s*\(\s*(\w+)\s*\)|\bdefined\s+(\w+)",
                        lambda m: str((m.group(1) or m.group(2)) in self.macros), text)
        source = source.replace("&&", " and ").replace("||", " or ")
        source = re.sub(r"!(?!=)", " not ", source).strip()
        try:
            tree = ast.parse(source, mode="eval")
        except SyntaxError:
            tree = None
        allowed = (ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.Constant)
        if tree is None or not all(isinstance(node, allowed) for node in ast.walk(tree)):
            raise self.fail(line, f"condition not understood: {text!r}")
        return bool(eval(compile(tree, self.path.name, "eval"), {"__builtins__": {}}))

    def include(self, line: int, what: str) -> None:
        if what in _KNOWN_INCLUDES:
            return
        match = re.fullmatch(r'"([\w.]+)"', what)
        if not match:
            raise self.fail(line, f"#include {what} is not understood")
        target = self.path.with_name(match.group(1))
        if not target.is_file():
            raise self.fail(line, f"{match.group(1)} is not beside this file")
        _File(target, self.header, self.macros, self.seen).parse()

    def define(self, line: int, rest: str, with_marks: str) -> None:
        match = re.fullmatch(r"(\w+)(\(?)\s*(.*)", rest, flags=re.DOTALL)
        if not match:
            raise self.fail(line, f"#define not understood: {rest!r}")
        name, bracket, value = match.groups()
        value = value.strip()
        if bracket and re.match(rf"{name}\(", rest):
            self.initialiser(line, name, rest[len(name):])
            return
        self.macros.add(name)
        if value == "":
            if name == self.guard:
                return
            raise self.fail(line, f"{name} has no value and is not the include guard")
        if not name.startswith("SWIFTCL_"):
            raise self.fail(line, f"the constant {name} does not start with SWIFTCL_")
        if name in self.header.constants:
            raise self.fail(line, f"{name} is defined twice")
        self.header.constants[name] = self.constant(line, name, value)
        self.header.constant_docs[name] = self.doc_of(with_marks, trailing=True)

    def initialiser(self, line: int, name: str, rest: str) -> None:
        """A macro with parameters is left to C programs, if all it does is to fill a struct in braces,
        or to pass on the size of a struct."""
        sized = re.fullmatch(r"\(options\)\s*(\w+)\(\(options\), sizeof\((\w+)\)\)", rest)
        if sized and sized.group(1) == f"{name}_sized" and sized.group(2) in self.header.structs:
            self.header.sized[name] = sized.group(2)
            return
        match = re.fullmatch(r"\(\s*(?:\w+(?:\s*,\s*\w+)*)?\s*\)\s*\{[^;#]*\}", rest, flags=re.DOTALL)
        if not match or not name.startswith("SWIFTCL_"):
            raise self.fail(line, f"{name} is a macro with parameters and no initialiser of a struct")
        if name in self.macros:
            raise self.fail(line, f"{name} is defined twice")
        self.macros.add(name)
        self.header.initialisers.append(name)

    def constant(self, line: int, name: str, value: str) -> Union[int, str]:
        if re.fullmatch(r'"(?:[^"\\\n]|\\.)*"', value):
            return ast.literal_eval(value)
        source = re.sub(r"\b(0[xX][0-9a-fA-F]+|\d+)[uUlL]*\b", r"\1", value)
        source = re.sub(r"\b0+(\d)", r"0o\1", source) if re.search(r"\b0\d", source) else source
        source = re.sub(r"\bU?INT(?:8|16|32|64)_MAX\b", lambda m: str(_LIMITS[m.group(0)]), source)
        constants = self.header.constants
        source = re.sub(r"\bSWIFTCL_\w+\b", lambda m: str(constants.get(m.group(0), m.group(0))), source)
        try:
            tree = ast.parse(source, mode="eval")
        except SyntaxError:
            tree = None
        allowed = (ast.Expression, ast.Constant, ast.UnaryOp, ast.USub, ast.BinOp, ast.Add, ast.Sub, ast.Mult,
                   ast.LShift, ast.BitOr)
        if tree is None or not all(isinstance(node, allowed) for node in ast.walk(tree)):
            raise self.fail(line, f"the value of {name} is not understood: {value!r}")
        result = eval(compile(tree, self.path.name, "eval"), {"__builtins__": {}})
        if not isinstance(result, int):
            raise self.fail(line, f"the value of {name} is not an integer: {value!r}")
        return result

    # --------------------------------------------------------- declarations

    def tokenise(self, lines: List[Tuple[int, str]]) -> None:
        for number, line in lines:
            at = 0
            while at < len(line):
                match = _TOKEN.match(line, at)
                if not match:
                    raise self.fail(number, f"not understood: {line[at:at + 20]!r}")
                kind = match.lastgroup or ""
                if kind not in ("space", "newline"):
                    self.tokens.append(_Token(kind, match.group(0), number))
                at = match.end()

    def peek(self) -> _Token:
        """The next token that is not a comment."""
        at = self.position
        while at < len(self.tokens) and self.tokens[at].kind == "comment":
            at += 1
        if at == len(self.tokens):
            last = self.tokens[-1].line if self.tokens else 1
            return _Token("end", "the end of the file", last)
        return self.tokens[at]

    def next(self) -> _Token:
        token = self.peek()
        if token.kind == "end":
            raise self.fail(token.line, "the file ends inside a declaration")
        while self.tokens[self.position] is not token:
            self.position += 1
        self.position += 1
        return token

    def expect(self, text: str) -> _Token:
        token = self.next()
        if token.text != text:
            raise self.fail(token.line, f"expected {text!r}, found {token.text!r}")
        return token

    def name(self) -> _Token:
        token = self.next()
        if token.kind != "name":
            raise self.fail(token.line, f"expected a name, found {token.text!r}")
        return token

    def leading_doc(self) -> str:
        """The last doc comment in front of the next token."""
        marks, at = [], self.position
        while at < len(self.tokens) and self.tokens[at].kind == "comment":
            marks.append(self.tokens[at].text)
            at += 1
        # A run of /// lines is one comment; of /** */ blocks only the last one counts.
        docs = [(self.comments[int(mark[1:-1])], self.doc_of(mark, trailing=False)) for mark in marks]
        text: List[str] = []
        for body, doc in reversed(docs):
            if not doc and not body.startswith("///"):
                break
            text.insert(0, doc)
            if body.startswith("/**"):
                break
        return "\n".join(text).strip()

    def trailing_doc(self) -> str:
        marks, at = "", self.position
        while at < len(self.tokens) and self.tokens[at].kind == "comment":
            marks += self.tokens[at].text
            at += 1
        return self.doc_of(marks, trailing=True)

    def declarations(self) -> None:
        while True:
            doc = self.leading_doc()
            token = self.peek()
            if token.kind == "end":
                return
            if token.text == "typedef":
                self.next()
                self.typedef(doc)
            else:
                self.prototype(doc)

    def type(self) -> CType:
        const = False
        token = self.name()
        if token.text == "const":
            const, token = True, self.name()
        if token.text == "struct":
            raise self.fail(token.line, "a type is named without 'struct' in this header")
        base = token.text
        if base != "void" and base not in SCALARS and not self.declared(base):
            raise self.fail(token.line, f"unknown type {base!r}")
        if self.peek().text == "const":
            raise self.fail(token.line, "const is written in front of the type in this header")
        pointers, array = 0, False
        while self.peek().text == "*":
            self.next()
            pointers += 1
            if self.peek().text == "const":
                self.next()
                if pointers > 1 or self.peek().text != "*":
                    raise self.fail(token.line, "a const pointer is not understood")
                array = True
        if array and pointers != 2:
            raise self.fail(token.line, "more than two pointers are not understood")
        return CType(base, pointers, const, array)

    def declared(self, name: str) -> bool:
        header = self.header
        return (name in header.aliases or name in header.opaque or name in header.structs
                or name in header.callbacks)

    def declare(self, token: _Token) -> str:
        if self.declared(token.text) or token.text in self.header.functions:
            raise self.fail(token.line, f"{token.text} is declared twice")
        if not token.text.startswith("swiftcl_"):
            raise self.fail(token.line, f"{token.text} does not start with swiftcl_")
        return token.text

    def typedef(self, doc: str) -> None:
        if self.peek().text == "struct":
            self.next()
            tag = self.name()
            if self.peek().text == "{":
                self.struct(tag, doc)
                return
            alias = self.name()
            if alias.text != tag.text:
                raise self.fail(alias.line, f"struct {tag.text} has another name, {alias.text}")
            self.expect(";")
            self.header.opaque.append(self.declare(alias))
            self.header.struct_docs[alias.text] = doc
            return
        result = self.type()
        if self.peek().text == "(":
            self.next()
            self.expect("*")
            alias = self.name()
            self.expect(")")
            parameters = self.parameters()
            self.expect(";")
            name = self.declare(alias)
            self.header.callbacks[name] = Function(name, result, parameters, doc)
            return
        alias = self.name()
        self.expect(";")
        if result.pointers or result.base not in SCALARS:
            raise self.fail(alias.line, f"typedef {alias.text} is not of a scalar")
        self.header.aliases[self.declare(alias)] = result

    def struct(self, tag: _Token, doc: str) -> None:
        self.expect("{")
        fields: List[Field] = []
        while self.peek().text != "}":
            kind = self.type()
            if kind.base == "void" and kind.pointers == 0:
                raise self.fail(self.peek().line, "a member of type void")
            token = self.name()
            count: Optional[int] = None
            if self.peek().text == "[":
                self.next()
                size = self.next()
                text = str(self.header.constants.get(size.text, size.text))
                if not text.isdigit() or int(text) == 0:
                    raise self.fail(size.line, f"array size {size.text!r} is not understood")
                count = int(text)
                self.expect("]")
            self.expect(";")
            if any(known.name == token.text for known in fields):
                raise self.fail(token.line, f"{tag.text}.{token.text} is declared twice")
            fields.append(Field(token.text, kind, count, self.trailing_doc()))
        self.expect("}")
        alias = self.name()
        if alias.text != tag.text:
            raise self.fail(alias.line, f"struct {tag.text} has another name, {alias.text}")
        self.expect(";")
        if not fields:
            raise self.fail(alias.line, f"struct {alias.text} has no members")
        self.header.structs[self.declare(alias)] = tuple(fields)
        self.header.struct_docs[alias.text] = doc

    def parameters(self) -> Tuple[Parameter, ...]:
        self.expect("(")
        if self.peek().text == ")":
            raise self.fail(self.peek().line, "a function without parameters is written (void)")
        result: List[Parameter] = []
        while True:
            kind = self.type()
            if kind == CType("void") and not result and self.peek().text == ")":
                break
            if kind.base == "void" and kind.pointers == 0:
                raise self.fail(self.peek().line, "a parameter of type void")
            token = self.name()
            if self.peek().text == "[":
                raise self.fail(token.line, f"parameter {token.text} is an array; write a pointer")
            if any(known.name == token.text for known in result):
                raise self.fail(token.line, f"two parameters are called {token.text}")
            result.append(Parameter(token.text, kind))
            if self.peek().text != ",":
                break
            self.next()
        self.expect(")")
        return tuple(result)

    def prototype(self, doc: str) -> None:
        result = self.type()
        token = self.name()
        if self.peek().text != "(":
            raise self.fail(token.line, f"{token.text} is neither a function nor a typedef")
        parameters = self.parameters()
        self.expect(";")
        name = self.declare(token)
        self.header.functions[name] = Function(name, result, parameters, doc)


def lines_hold_code(lines: List[Tuple[int, str]]) -> bool:
    return any(re.sub(r"\x00\d+\x00", "", line).strip() for _, line in lines)


def _clean_comment(body: str) -> str:
    if body.startswith("///"):
        return body[3:].lstrip("<").strip()
    inner = body[3:-2].lstrip("<")
    lines = [re.sub(r"^\s*\*? ?", "", line) if index else line.strip() for index, line in enumerate(inner.split("\n"))]
    return "\n".join(line.rstrip() for line in lines).strip()
