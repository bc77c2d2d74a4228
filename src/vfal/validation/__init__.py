"""The data rules as Great Expectations, and the verdict that lets the map go on or stops it.

Great Expectations is imported by `expectations.py` alone, and only when rules are checked.
"""

from vfal.validation.gate import validate
from vfal.validation.report import verdict_json, verdict_record, verdict_table, write_data_docs, write_html
from vfal.validation.verdict import RuleResult, Verdict

__all__ = [
    "RuleResult",
    "Verdict",
    "validate",
    "verdict_json",
    "verdict_record",
    "verdict_table",
    "write_data_docs",
    "write_html",
]
