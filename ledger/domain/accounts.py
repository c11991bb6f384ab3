"""The chart of accounts: codes as an accountant knows them. Debits are positive, credits negative."""

from enum import StrEnum


class Account(StrEnum):
    """Accounts the books post to; the same codes with their names stand in the table ``account``."""

    EXPENSE = "6601.02"  # promotion commission, the brand's cost
    PENDING = "2241.11"  # commission owed, waiting for settlement
    AVAILABLE = "2241.12"  # commission owed, may be withdrawn
    IN_WITHDRAWAL = "2241.13"  # commission owed, asked for
    CLEARING = "2241.14"  # handed to a payout channel, not yet confirmed
    HELD = "2241.15"  # commission owed only if a risk verdict releases it
    ARREARS = "1221.21"  # owed by the payee after a clawback that found too little
    TAX_WITHHELD = "2221.12"  # income tax withheld
    CHANNEL_CASH = "1012.01"  # merchant accounts at the payout channels
