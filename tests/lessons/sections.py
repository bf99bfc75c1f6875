"""What the sections of a lesson build on: what they say, and what their code needs."""

import ast
import builtins
import re
import symtable

BUILDS_ON = "*Builds on* "
ALWAYS_THERE = {*dir(builtins), "display", "get_ipython"}


def only_imports(source):
    """Whether a cell imports and sets up nothing else than TensorFlow."""
    kinds = {type(statement) for statement in ast.parse(source).body}
    imports = {ast.Import, ast.ImportFrom}
    return "import " in source and kinds <= imports | {ast.With, ast.Expr}


def sections(notebook):
    """Return {heading: its code cells}, without the cells that only import."""
    found, heading = {}, ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for heading in re.findall(r"^## (.+)", cell.source, re.MULTILINE):
                found[heading] = []
        elif heading and not only_imports(cell.source):
            found[heading].append(cell)
    return found


def said(notebook):
    """Return {heading: the headings that its section says it builds on}."""
    text = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    pattern = rf"^## (.+)\n\n{re.escape(BUILDS_ON)}(.+)$"
    found = dict(re.findall(pattern, text, re.MULTILINE))
    return {heading: names.split(" · ") for heading, names in found.items()}


def needed(notebook):
    """Return {heading: the sections that set what its code uses}, in their order."""
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    known = ALWAYS_THERE.union(*(sets(c) for c in code if only_imports(c)))
    setters, found = {}, {}
    for heading, cells in sections(notebook).items():
        here, others = set(), set()
        for cell in cells:
            missing = uses(cell.source) - known - here
            others |= {setters[name] for name in missing if name in setters}
            here |= sets(cell.source)
        setters |= dict.fromkeys(here, heading)
        found[heading] = [name for name in found if name in others]
    return {heading: names for heading, names in found.items() if names}


def closure(heading, builds_on):
    """Return all sections to run before this one, the first one first."""
    before = {}
    for name in builds_on.get(heading, []):
        before |= dict.fromkeys([*closure(name, builds_on), name])
    return list(before)


def sets(source):
    """The names that a cell sets."""
    symbols = symtable.symtable(source, "cell", "exec").get_symbols()
    return {s.get_name() for s in symbols if s.is_assigned() or s.is_imported()}


def uses(source):
    """The names that a cell needs: those used before the cell itself sets them.

    Names inside functions count as used at the end of the cell.
    """
    found, here = set(), set()
    for part in in_order(ast.parse(source).body):
        table = symtable.symtable(part, "cell", "exec")
        top = {s.get_name() for s in table.get_symbols() if s.is_referenced()}
        found |= (top - here) | (inner(table) - sets(source))
        here |= sets(part)
    return found


def in_order(statements):
    """Yield the source of each simple statement; blocks are taken apart."""
    for statement in statements:
        if not hasattr(statement, "body") or isinstance(statement, ast.FunctionDef):
            yield ast.unparse(statement)
            continue
        if isinstance(statement, ast.For):
            yield f"{ast.unparse(statement.target)} = {ast.unparse(statement.iter)}"
        elif isinstance(statement, ast.With):
            for item in statement.items:
                name = item.optional_vars and ast.unparse(item.optional_vars)
                yield f"{name or '_'} = {ast.unparse(item.context_expr)}"
        elif isinstance(statement, ast.If | ast.While):
            yield ast.unparse(statement.test)
        yield from in_order([*statement.body, *getattr(statement, "orelse", [])])


def inner(table):
    """The global names that the functions in a cell use."""
    found = set()
    for child in table.get_children():
        symbols = child.get_symbols()
        found |= {s.get_name() for s in symbols if s.is_global()} | inner(child)
    return found
