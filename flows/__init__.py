"""When, where and how often again. No science lives here, and Prefect lives nowhere else.

Prefect reads its settings when it is imported, so they are set before any module of this package is.
"""

from flows.home import settle

settle()
