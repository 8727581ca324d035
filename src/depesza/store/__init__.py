"""Where facts, messages, money and news are kept: one contract, SQLite and PostgreSQL behind it.

Services see a `Tx` (`store.tx`); whoever starts them sees a `Store` (`store.contract`). Errors:

    StoreError
    ├── Busy        the list of pending work is full; say "busy" in the vendor's words
    ├── Conflict    a row with this key exists already
    └── Stopped     the store is closing
"""
