"""SMSAdvert's JSON API: texts by the user's own phones, by the network, or by the network where the phones fail."""

from depesza.dialects.smsadvert.dialect import SmsAdvert

__all__ = ["SmsAdvert"]
