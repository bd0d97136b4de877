"""Which nodes belong together: calls of modules, from the scopes that operations were recorded in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..value import Value
from .model import Group, Role

__all__ = ["Grouping", "Phase", "Phases"]


class Phase(NamedTuple):
    """Of a node that a backward pass made: number of the pass, the node whose gradient it belongs to, and its scope."""

    number: int
    of: Value
    scope: tuple[str, ...]


Phases = Mapping[Value, Phase]

#: Inputs that hold positions or truth values, not numbers to compute with.
_INDEX_INPUTS = {("gather", 1), ("scatter_add", 1), ("where", 0)}


class Grouping:
    """The groups of a graph and the group and role of each Value.

    A group is one call of a module: operations that follow each other in the order of the program with the same scope.
    Such a run is convex, no way leads out of it and back in, so that folding it into one node makes no cycle. Leaves
    stand in the innermost group that holds all their uses; inputs stand outside.
    """

    def __init__(self, order: Sequence[Value], phases: Phases) -> None:
        self.groups: list[Group] = []
        self._group: dict[Value, str | None] = {}
        self._ancestors: dict[str | None, tuple[str, ...]] = {None: ()}
        self._inputs = _inputs(order, phases)
        open_groups: list[Group] = []
        for v in order:
            if v.op is None:
                continue
            scope = phases[v].scope if v in phases else v.scope
            common = 0
            while common < min(len(scope), len(open_groups)) and open_groups[common].label == scope[common]:
                common += 1
            del open_groups[common:]
            for depth in range(common, len(scope)):
                open_groups.append(self._open(scope[: depth + 1], open_groups[-1] if open_groups else None))
            self._group[v] = open_groups[-1].id if open_groups else None
        self._place_leaves(order, phases)
        self._paths = {group.id: group.path for group in self.groups}

    def group_of(self, v: Value) -> str | None:
        """Id of the innermost group."""
        return self._group[v]

    def path(self, group: str | None) -> tuple[str, ...]:
        """Names of the groups from the outermost to this one."""
        return () if group is None else self._paths[group]

    def role(self, v: Value, is_output: bool) -> Role:
        """What the node is for."""
        if v.op is not None:
            return Role.OUTPUT if is_output else Role.OPERATION
        if v.requires_grad:
            return Role.PARAMETER
        return Role.INPUT if v in self._inputs else Role.CONSTANT

    def _open(self, path: tuple[str, ...], parent: Group | None) -> Group:
        id = f"g{len(self.groups)}"
        group = Group(id, path, path[-1], None if parent is None else parent.id)
        self.groups.append(group)
        self._ancestors[id] = (*self._ancestors[group.parent], id)
        return group

    def _place_leaves(self, order: Sequence[Value], phases: Phases) -> None:
        """A leaf of the forward pass goes by its uses there; backward passes use it as well."""
        common: dict[Value, tuple[str, ...]] = {}
        for v in order:
            if v.op is None:
                continue
            around = self._ancestors[self._group[v]]
            for x in v.inputs:
                if x.op is None and x not in self._inputs and (x in phases or v not in phases):
                    before = common.get(x)
                    common[x] = around if before is None else _common(before, around)
        for v in order:
            if v.op is None:
                groups = common.get(v)
                self._group[v] = groups[-1] if groups else None


def _inputs(order: Sequence[Value], phases: Phases) -> set[Value]:
    """Leaves without gradient that are data and no literals, masks, positions or detached copies."""
    indices = {x for v in order if v.op for i, x in enumerate(v.inputs) if (v.op.name, i) in _INDEX_INPUTS}
    owned = {id(v._data) for v in order if v.shape and v.requires_grad}

    def is_plain(v: Value) -> bool:
        return bool(v.shape) and v._meta is None and v not in phases and v not in indices and id(v._data) not in owned

    return {v for v in order if v.op is None and not v.requires_grad and (v.name or is_plain(v))}


def _common(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, ...]:
    count = 0
    while count < min(len(a), len(b)) and a[count] == b[count]:
        count += 1
    return a[:count]
