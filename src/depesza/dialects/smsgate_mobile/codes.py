"""The app's numbers and names for ours. spec: devices/2.1, devices/2.3, devices/2.6"""

from depesza.core.devices import AttemptState
from depesza.core.model import Priority
from depesza.dialects.smsgate_mobile import versions
from depesza.dialects.smsgate_mobile.versions import Version

STATES = {
    "Pending": AttemptState.ACCEPTED,
    "Processed": AttemptState.SUBMITTED,
    "Sent": AttemptState.SENT,
    "Delivered": AttemptState.DELIVERED,
    "Failed": AttemptState.FAILED,
    "Cancelling": AttemptState.WITHDRAWING,
    "Cancelled": AttemptState.WITHDRAWN,
}
"""What a report means; the app names a state of its own where we name the attempt's."""

REPORTED = frozenset(STATES) - {"Cancelling"}
"""What a phone can tell; that a message is to be withdrawn it only hears."""

PRIORITIES: dict[int, int] = {Priority.URGENT: 100, Priority.HIGH: 10, Priority.NORMAL: 0, Priority.BULK: -10}
"""Places in the phone's own queue; from 100 on its limits and delays don't hold."""

HOOKS: dict[str, Version] = {
    "sms:received": (),
    "system:ping": (),
    "sms:data-received": versions.DATA,
    "mms:received": versions.MMS_RECEIVED,
    "mms:downloaded": versions.MMS_DOWNLOADED,
    "app:started": versions.STARTED,
}
"""News we ask phones for, and since which version they know them: one unknown name and the app takes none at all."""
