"""leaderboard: all models of the shelf in one table."""

from vfal.core.config.params import Params
from vfal.reporting.board_page import write_board
from vfal.reporting.leaderboard import gather_board


def run(params: Params) -> None:
    """Write `reports/leaderboard.{json,md,html}`."""
    write_board(gather_board(params))
