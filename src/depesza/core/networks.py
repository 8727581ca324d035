"""Country and network codes (E.212) of mobile operators, found by country and the operator's name.

A row belongs here when the carrier data names the operator so and the code is the operator's main one; where an
operator has several codes a look-up by digits can't tell which. Operators that are not listed get their country's
code alone. As of July 2025.
"""

AS_OF = "2025-07"

COUNTRIES: dict[str, str] = {
    "AD": "213", "AE": "424", "AL": "276", "AM": "283", "AR": "722", "AT": "232", "AU": "505", "AZ": "400",
    "BA": "218", "BD": "470", "BE": "206", "BG": "284", "BJ": "616", "BR": "724", "BY": "257", "CA": "302",
    "CH": "228", "CI": "612", "CL": "730", "CM": "624", "CN": "460", "CO": "732", "CY": "280", "CZ": "230",
    "DE": "262", "DK": "238", "DZ": "603", "EE": "248", "EG": "602", "ES": "214", "FI": "244", "FR": "208",
    "GB": "234", "GE": "282", "GF": "340", "GP": "340", "GR": "202", "HK": "454", "HR": "219", "HU": "216",
    "ID": "510", "IE": "272", "IL": "425", "IN": "404", "IQ": "418", "IR": "432", "IS": "274", "IT": "222",
    "JO": "416", "JP": "440", "KE": "639", "KG": "437", "KR": "450", "KW": "419", "KZ": "401", "LB": "415",
    "LI": "295", "LT": "246", "LU": "270", "LV": "247", "MA": "604", "MC": "212", "MD": "259", "ME": "297",
    "MG": "646", "MK": "294", "ML": "610", "MQ": "340", "MT": "278", "MX": "334", "MY": "502", "NG": "621",
    "NL": "204", "NO": "242", "NZ": "530", "PE": "716", "PH": "515", "PK": "410", "PL": "260", "PT": "268",
    "QA": "427", "RE": "647", "RO": "226", "RS": "220", "RU": "250", "SA": "420", "SE": "240", "SG": "525",
    "SI": "293", "SK": "231", "SN": "608", "TH": "520", "TJ": "436", "TM": "438", "TN": "605", "TR": "286",
    "TW": "466", "UA": "255", "US": "310", "UZ": "434", "VN": "452", "ZA": "655",
}  # fmt: skip
"""Mobile country code by ISO code; of a country with several, the one in common use."""

NETWORKS: dict[str, tuple[tuple[str, str], ...]] = {
    "AT": (("A1", "01"), ("T-Mobile", "03"), ("Three", "05")),
    "BE": (("Proximus", "01"), ("Orange", "10"), ("Telenet", "20")),
    "BY": (("Velcom", "01"), ("MTS", "02"), ("life", "04")),
    "CH": (("Swisscom", "01"), ("Sunrise", "02"), ("Salt", "03")),
    "CZ": (("T-Mobile", "01"), ("O2", "02"), ("Vodafone", "03")),
    "DE": (("T-Mobile", "01"), ("Vodafone", "02"), ("O2", "03"), ("Eplus", "03")),
    "ES": (("Vodafone", "01"), ("Orange", "03"), ("Yoigo", "04"), ("Movistar", "07")),
    "FR": (("Orange", "01"), ("SFR", "10"), ("Free", "15"), ("Bouygues", "20")),
    "GB": (("O2", "10"), ("Vodafone", "15"), ("Three", "20"), ("Orange", "33"), ("EE", "30")),
    "IT": (("TIM", "01"), ("Vodafone", "10"), ("WIND", "88"), ("3 Italia", "99")),
    "LU": (("POST", "01"), ("Tango", "77"), ("Orange", "99")),
    "MA": (("Orange", "00"), ("Maroc Telecom", "01"), ("Inwi", "02")),
    "NL": (("Vodafone", "04"), ("KPN", "08"), ("T-Mobile", "16")),
    "PL": (("Plus", "01"), ("T-Mobile", "02"), ("Orange", "03"), ("Play", "06")),
    "PT": (("Vodafone", "01"), ("NOS", "03"), ("MEO", "06")),
    "RU": (("MTS", "01"), ("MegaFon", "02"), ("T2", "20"), ("Beeline", "99")),
    "TN": (("Orange", "01"), ("Tunisie", "02"), ("Ooredoo", "03")),
    "UA": (("Vodafone", "01"), ("Kyivstar", "03"), ("lifecell", "06")),
}
"""By country: how an operator's name begins, and its network code."""


def code_of(country: str, operator: str) -> tuple[str, str]:
    """Give the country and the network code of an operator; each is empty where it is not known."""
    mcc = COUNTRIES.get(country, "")
    named = NETWORKS.get(country, ()) if operator else ()
    return mcc, next((mnc for name, mnc in named if operator.startswith(name)), "")
