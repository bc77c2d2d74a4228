"""compare: one table, one page, and the plots."""

from vfal.core.config.params import Params
from vfal.core.paths import REPORTS
from vfal.reporting.page import write_page
from vfal.reporting.plots.gallery import all_plots
from vfal.reporting.report import gather, write_plots, write_results


def run(params: Params) -> None:
    """Write `reports/results.{json,csv,md}`, `reports/plots` and `reports/index.html`."""
    report = gather(params)
    write_results(report)
    plots = all_plots(report)
    svgs = write_plots(plots, REPORTS / "plots")
    write_page(report, plots, svgs)
