"""The private server of the Android app SMSGate: how our own phones take work and tell news. spec: devices/2"""

from depesza.dialects.smsgate_mobile.dialect import SmsGateMobile

__all__ = ["SmsGateMobile"]
