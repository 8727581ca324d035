"""SMSGate's API for programs ("3rd party"), over our services. spec: devices/9"""

from depesza.dialects.smsgate.dialect import SmsGate

__all__ = ["SmsGate"]
