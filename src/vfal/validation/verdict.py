"""What the rules found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class RuleResult:
    """One rule's finding.

    `checked` counts the rows looked at, `offending` those that break the rule. `offenders` names the
    first of them, each once; `found` says beside each name what was found there. `detail` is one
    sentence: what was expected, or why nothing could be checked.
    """

    name: str
    frame: str
    passed: bool
    checked: int
    offending: int
    offenders: tuple[str, ...]
    found: tuple[str, ...]
    detail: str
    stops: bool = True  # false: a breach is a finding, and the map goes on


@dataclass(frozen=True)
class Verdict:
    """Every rule's finding, and the counts per split that they rest on.

    `evidence` holds Great Expectations' own results by frame, for its Data Docs; it carries times and
    random ids and is part of no file of ours.
    """

    rules: tuple[RuleResult, ...]
    counts: Mapping[str, Mapping[str, int]]
    evidence: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def success(self) -> bool:
        """Whether every rule that stops the map holds; a verdict without rules is no success."""
        return bool(self.rules) and not self.breaches

    @property
    def breaches(self) -> tuple[RuleResult, ...]:
        """The rules that are broken and stop the map, in the order they were checked."""
        return tuple(rule for rule in self.rules if not rule.passed and rule.stops)

    @property
    def findings(self) -> tuple[RuleResult, ...]:
        """The rules that are broken and only reported."""
        return tuple(rule for rule in self.rules if not rule.passed and not rule.stops)
