#!/usr/bin/python3
"""Compiles the ASN.1 modules of the wire protocol into C structs and the tables that drive the codec.

Usage: generate.py OUT_HEADER OUT_SOURCE MODULE...

The subset: SEQUENCE, CHOICE, SEQUENCE OF, SET OF, OPTIONAL, INTEGER (with a fixed value, or with named numbers),
BOOLEAN, NULL, UTF8String, OCTET STRING (with a fixed SIZE), GeneralizedTime, EXPLICIT context tags (the default) and
IMPLICIT ones on a SEQUENCE, type names across modules. Types may not be recursive, which bounds the decoder's depth.
What DER could not tell apart (an OPTIONAL field and what may follow it, two alternatives) is refused here.

Naming: words split at '-' and at capitals, joined with '_'.
  Type FooBar                  struct wire_foo_bar, const struct wire_type wire_type_foo_bar
  a field named like a word of C gets a '_' at its end
  a type without a name        the enclosing type's name, then the field's: struct wire_console_cmd_subscribe
  an element without a name    the same with "_item"
  SEQUENCE                     one member a field; OPTIONAL: a `bool has_FIELD` before it
  CHOICE Foo                   struct wire_foo { enum wire_foo_kind kind; union { ... } u; }, enumerators WIRE_FOO_FIELD
                               from 1, so that a zeroed CHOICE is refused by the encoder; NULL: no union member
  SEQUENCE OF Foo, SET OF Foo  struct wire_foo_list { size_t count; struct wire_foo *items; }; of INTEGER:
                               wire_integer_list, of texts and OCTET STRINGs: wire_bytes_list
  UTF8String, OCTET STRING     struct wire_bytes
  INTEGER                      int64_t (63 bits are accepted); Foo ::= INTEGER { bar (1) }: enumerators WIRE_FOO_BAR
  BOOLEAN                      bool
  GeneralizedTime              int64_t, milliseconds since 1970 UTC
  Int64                        int64_t, on the wire an OCTET STRING of 8 bytes (known by this name)
  AnyText                      struct wire_bytes, a UTF8String whose bytes are not checked (known by this name)
"""

import re
import sys
from dataclasses import dataclass, field as default_of

TOKEN = re.compile(r"--.*?(?:--|$)|(?P<token>::=|\.\.|[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*|-?[0-9]+|[{}()\[\],;])",
                   re.MULTILINE)
KEYWORDS = set("""auto break case char const continue default do double else enum extern float for goto if inline int
long register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while bool
true false""".split())
UNIVERSAL = {"boolean": 1, "integer": 2, "octets": 4, "int64": 4, "null": 5, "text": 12, "any_text": 12, "sequence": 0x30,
             "list": 0x30, "set": 0x31, "time": 24}
VALUES = {"boolean": "bool", "integer": "int64_t", "int64": "int64_t", "time": "int64_t", "text": "struct wire_bytes",
          "any_text": "struct wire_bytes", "octets": "struct wire_bytes"}
SPECIAL = {"Int64": "int64", "AnyText": "any_text"}


class ModuleError(Exception):
    pass


@dataclass
class Type:
    form: str                        # a key of UNIVERSAL, "choice" or "reference"
    text: str                        # how the module writes it, for comments
    fields: list = default_of(default_factory=list)
    element: "Type" = None
    target: str = None               # of a reference
    fixed: int = None                # the only INTEGER value, or OCTET STRING size
    numbers: list = default_of(default_factory=list)
    c_name: str = None               # of the table, without the wire_type_ prefix; None: the form's own table


@dataclass
class Field:
    name: str
    type: Type
    tag: int
    implicit: bool
    optional: bool

    @property
    def c_name(self):
        name = snake(self.name)
        return name + "_" if name in KEYWORDS else name


def snake(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()


class Parser:
    """One module's text to its types, in order."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        left = re.sub(r"\s+", "", TOKEN.sub("", text))
        if left:
            raise ModuleError(f"{path}: characters that the subset does not know: {left[:20]}")
        self.path = path
        self.tokens = [m["token"] for m in TOKEN.finditer(text) if m["token"]]
        self.at = 0

    def fail(self, expected):
        near = " ".join(self.tokens[max(0, self.at - 5):self.at + 1])
        raise ModuleError(f"{self.path}: expected {expected} near: {near}")

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, *expected):
        token = self.peek()
        if expected and token not in expected:
            self.fail(" or ".join(expected))
        self.at += 1
        return token

    def accept(self, *words):
        if tuple(self.tokens[self.at:self.at + len(words)]) != words:
            return False
        self.at += len(words)
        return True

    def number(self):
        token = self.take()
        if not re.fullmatch(r"-?[0-9]+", token):
            self.fail("a number")
        return int(token)

    def module(self):
        name = self.take()
        for word in ("DEFINITIONS", "EXPLICIT", "TAGS", "::=", "BEGIN"):
            self.take(word)
        imports = self.imports() if self.accept("IMPORTS") else {}
        types = {}
        while not self.accept("END"):
            type_name = self.take()
            self.take("::=")
            if type_name in types:
                raise ModuleError(f"{self.path}: {type_name} is defined twice")
            types[type_name] = self.type()
        return name, imports, types

    def imports(self):
        imports, names = {}, [self.take()]
        while not self.accept(";"):
            if self.accept("FROM"):
                imports.update(dict.fromkeys(names, self.take()))
                names = []
            else:
                self.accept(",")
                names.append(self.take())
        return imports

    def type(self):
        start = self.at
        result = self.type_body()
        result.text = re.sub(r" ?([()]) ?", r"\1", " ".join(self.tokens[start:self.at])).replace("(", " (").strip()
        return result

    def type_body(self):
        for words, form in ((("SEQUENCE", "OF"), "list"), (("SET", "OF"), "set")):
            if self.accept(*words):
                return Type(form, "", element=self.type())
        for word, form in (("SEQUENCE", "sequence"), ("CHOICE", "choice")):
            if self.accept(word):
                return Type(form, "", fields=self.fields(form))
        for words, form in ((("BOOLEAN",), "boolean"), (("NULL",), "null"), (("UTF8String",), "text"),
                            (("GeneralizedTime",), "time")):
            if self.accept(*words):
                return Type(form, "")
        if self.accept("OCTET", "STRING"):
            return Type("octets", "", fixed=self.size())
        if self.accept("INTEGER"):
            return self.integer()
        name = self.take()
        if not name[0].isupper():
            self.fail("a type")
        return Type("reference", "", target=name)

    def size(self):
        if not self.accept("(", "SIZE", "("):
            return None
        size = self.number()
        self.take(")")
        self.take(")")
        return size

    def integer(self):
        result = Type("integer", "")
        if self.accept("("):
            result.fixed = self.number()
            self.take(")")
        elif self.accept("{"):
            while True:
                name = self.take()
                self.take("(")
                result.numbers.append((name, self.number()))
                self.take(")")
                if self.take(",", "}") == "}":
                    break
        return result

    def fields(self, form):
        self.take("{")
        fields = []
        while True:
            fields.append(self.field(form))
            if self.take(",", "}") == "}":
                return fields

    def field(self, form):
        name, tag, implicit = self.take(), None, False
        if self.accept("["):
            tag = self.number()
            self.take("]")
            implicit = self.accept("IMPLICIT")
        type_ = self.type()
        optional = self.accept("OPTIONAL")
        if optional and form == "choice":
            self.fail("no OPTIONAL in a CHOICE")
        return Field(name, type_, tag, implicit, optional)


class Compiler:
    """All modules together: names resolved, checked, in an order that C accepts."""

    def __init__(self, paths):
        self.types, self.home, modules = {}, {}, []
        for path in paths:
            name, imports, types = Parser(path).module()
            modules.append((path, name, imports, types))
            for type_name, type_ in types.items():
                if type_name in self.types:
                    raise ModuleError(f"{path}: {type_name} is defined in another module too")
                self.types[type_name], self.home[type_name] = type_, name
        for path, name, imports, types in modules:
            self.check_names(path, name, imports, types)
        self.order, self.state, self.names = [], {}, {}
        for name, type_ in self.types.items():
            if name not in SPECIAL:
                self.visit(type_, snake(name))

    def check_names(self, path, module, imports, types):
        for name, origin in imports.items():
            if self.home.get(name) != origin:
                raise ModuleError(f"{path}: {name} is imported from {origin}, which does not define it")

        def walk(type_):
            if type_.form == "reference":
                home = self.home.get(type_.target)
                if home is None or (home != module and type_.target not in imports):
                    raise ModuleError(f"{path}: {type_.target} is neither defined nor imported")
            for part in [f.type for f in type_.fields] + ([type_.element] if type_.element else []):
                walk(part)

        for type_ in types.values():
            walk(type_)

    def resolve(self, type_):
        while type_.form == "reference":
            if type_.target in SPECIAL:
                return Type(SPECIAL[type_.target], type_.target)
            type_ = self.types[type_.target]
        return type_

    def visit(self, type_, c_name):
        """Gives every compound type its name and puts it after everything that it contains."""
        if type_.form == "reference":
            if type_.target in SPECIAL:
                return
            c_name, type_ = snake(type_.target), self.types[type_.target]
            return self.visit(type_, c_name)
        if self.state.get(id(type_)) == "done":
            return
        if self.state.get(id(type_)) == "open":
            raise ModuleError(f"{c_name}: the type contains itself")
        self.state[id(type_)] = "open"
        for f in type_.fields:
            self.visit(f.type, f"{c_name}_{snake(f.name)}")
        if type_.element:
            self.visit(type_.element, f"{c_name}_item")
        self.state[id(type_)] = "done"
        if type_.form in ("sequence", "choice", "list", "set") or type_.fixed is not None or type_.numbers:
            self.name(type_, c_name)

    def name(self, type_, c_name):
        shared = self.shared_name(type_)
        if shared:
            type_.c_name = shared
            if shared not in self.names:
                self.names[shared] = type_
                self.order.append(type_)
            return
        if c_name in self.names or c_name in ("bytes", "type", "field", "arena", "list"):
            raise ModuleError(f"{c_name}: two types would get this name")
        self.names[c_name] = type_
        type_.c_name = c_name
        self.check(type_)
        self.order.append(type_)

    def shared_name(self, type_):
        """Lists and fixed values that are written alike share one table."""
        if type_.element:
            element = self.resolve(type_.element)
            return f"{'set' if type_.form == 'set' else 'sequence'}_of_{element.c_name or element.form}"
        return f"{type_.form}_{type_.fixed}" if type_.fixed is not None else None

    def tags(self, type_):
        """Every tag with which a value of the type may begin."""
        type_ = self.resolve(type_)
        if type_.form == "choice":
            return set().union(*(self.field_tags(f) for f in type_.fields))
        return {("universal", UNIVERSAL[type_.form])}

    def field_tags(self, f):
        return {("context", f.tag)} if f.tag is not None else self.tags(f.type)

    def check(self, type_):
        seen = set()
        for f in type_.fields:
            if f.implicit and self.resolve(f.type).form != "sequence":
                raise ModuleError(f"{type_.c_name}.{f.name}: IMPLICIT is known on a SEQUENCE only")
            tags = self.field_tags(f)
            if tags & seen:
                raise ModuleError(f"{type_.c_name}.{f.name}: its tag is taken by a field before it")
            if type_.form == "choice" or f.optional:
                seen |= tags
            else:
                seen = set()


class Writer:
    """Prints the header and the tables."""

    def __init__(self, compiler, modules):
        self.compiler = compiler
        self.origin = ", ".join(re.sub(r".*/", "", m) for m in modules)
        self.enumerators, self.lists = set(), set()

    def member_type(self, type_):
        type_ = self.compiler.resolve(type_)
        if type_.form in VALUES:
            return VALUES[type_.form]
        return f"struct wire_{self.list_name(type_) if type_.element else type_.c_name}"

    def list_name(self, type_):
        element = self.compiler.resolve(type_.element)
        if element.element:
            return self.list_name(element) + "_list"
        value = VALUES.get(element.form)
        return {"int64_t": "integer", "bool": "boolean", "struct wire_bytes": "bytes"}.get(value, element.c_name) + "_list"

    def table_name(self, type_):
        type_ = self.compiler.resolve(type_)
        return f"wire_type_{type_.c_name or type_.form}"

    def enumerator(self, *parts):
        name = "WIRE_" + "_".join(snake(p).upper() for p in parts)
        if name in self.enumerators:
            raise ModuleError(f"{name}: two enumerators would get this name")
        self.enumerators.add(name)
        return name

    @staticmethod
    def comment(f):
        tag = f"[{f.tag}] " if f.tag is not None else ""
        kind = f.type.text if len(f.type.text) < 60 else f.type.form.upper()
        return f"/* {tag}{'IMPLICIT ' if f.implicit else ''}{kind}{' OPTIONAL' if f.optional else ''} */"

    def struct(self, type_):
        name = type_.c_name
        if type_.element:
            return self.list(type_)
        if type_.form == "sequence":
            lines = [f"struct wire_{name} {{"]
            for f in type_.fields:
                lines += [f"    bool has_{f.c_name};"] if f.optional else []
                lines.append(f"    {self.member_type(f.type)} {f.c_name}; {self.comment(f)}")
            return lines + ["};", ""]
        if type_.form == "choice":
            return self.choice(type_)
        if type_.numbers:
            return [f"enum wire_{name}_value {{"] + [f"    {self.enumerator(name, n)} = {v}," for n, v in
                                                     type_.numbers] + ["};", ""]
        return []

    def list(self, type_):
        name = self.list_name(type_)
        if name in self.lists:
            return []
        self.lists.add(name)
        return [f"struct wire_{name} {{", "    size_t count;", f"    {self.member_type(type_.element)} *items;", "};", ""]

    def choice(self, type_):
        name = type_.c_name
        lines = [f"enum wire_{name}_kind {{"]
        for i, f in enumerate(type_.fields, 1):
            lines.append(f"    {self.enumerator(name, f.name)} = {i}, {self.comment(f)}")
        lines += ["};", f"struct wire_{name} {{", f"    enum wire_{name}_kind kind;"]
        members = [f for f in type_.fields if self.compiler.resolve(f.type).form != "null"]
        if members:
            lines.append("    union {")
            lines += [f"        {self.member_type(f.type)} {f.c_name};" for f in members]
            lines.append("    } u;")
        return lines + ["};", ""]

    def header(self):
        out = [f"/* wire_types.h: the messages of the wire protocol. Made by wire/generate.py from {self.origin};",
               " * the rules of naming stand there. */", "#ifndef WIRE_TYPES_H", "#define WIRE_TYPES_H", "",
               '#include "wire/codec.h"', ""]
        for type_ in self.compiler.order:
            out += self.struct(type_)
        out += [f"extern const struct wire_type wire_type_{t.c_name};" for t in self.compiler.order]
        out += ["", "/* Every type above, for tests. */", "extern const struct wire_type *const wire_types[];",
                "extern const size_t wire_type_count;", "", "#endif", ""]
        return "\n".join(out)

    def field_row(self, type_, f):
        struct = f"struct wire_{type_.c_name}"
        form = self.compiler.resolve(f.type).form
        place = f"u.{f.c_name}" if type_.form == "choice" else f.c_name
        offset = "0" if form == "null" else f"offsetof({struct}, {place})"
        has = f"offsetof({struct}, has_{f.c_name})" if f.optional else "WIRE_REQUIRED"
        tag = "0" if f.tag is None else f"DER_CONTEXT({f.tag})"
        return (f'    {{"{f.name}", &{self.table_name(f.type)}, {offset}, {has}, {tag}, '
                f'{"true" if f.implicit else "false"}}},')

    def table(self, type_):
        name, form = type_.c_name, type_.form
        shown = "".join(part.capitalize() for part in name.split("_"))
        row = [f'.name = "{shown}"', f".form = WIRE_FORM_{form.upper()}"]
        out = []
        if form != "choice":
            row.append(f".tag = {UNIVERSAL[form]:#x}" if UNIVERSAL[form] < 0x20 else
                       f".tag = DER_CONSTRUCTED | {UNIVERSAL[form] & 0x1f:#x}")
        if type_.fields:
            out += [f"static const struct wire_field fields_{name}[] = {{"]
            out += [self.field_row(type_, f) for f in type_.fields] + ["};"]
            row += [f".fields = fields_{name}", f".field_count = {len(type_.fields)}"]
        if type_.element:
            row.append(f".element = &{self.table_name(type_.element)}")
        size = {"list": "struct wire_list", "set": "struct wire_list"}.get(form, VALUES.get(form, f"struct wire_{name}"))
        row.append(f".size = sizeof({size})")
        if type_.fixed is not None:
            row += [".is_fixed = true", f".fixed = {type_.fixed}"]
        out.append(f"const struct wire_type wire_type_{name} = {{{', '.join(row)}}};")
        return out

    def source(self):
        out = [f"/* wire_tables.c: the tables of the codec. Made by wire/generate.py from {self.origin}. */",
               '#include "wire_types.h"', "", "#include <stddef.h>", "", '#include "wire/table.h"', ""]
        for type_ in self.compiler.order:
            out += self.table(type_)
        out += ["", "const struct wire_type *const wire_types[] = {"]
        out += [f"    &wire_type_{t.c_name}," for t in self.compiler.order]
        out += ["};", f"const size_t wire_type_count = {len(self.compiler.order)};", ""]
        return "\n".join(out)


def main(header, source, *modules):
    try:
        writer = Writer(Compiler(modules), modules)
        outputs = {header: writer.header(), source: writer.source()}
    except (ModuleError, OSError) as error:
        sys.exit(f"generate.py: {error}")
    for path, text in outputs.items():
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit("usage: generate.py OUT_HEADER OUT_SOURCE MODULE...")
    main(*sys.argv[1:])
