"""Country and network codes (E.212) of mobile operators, found by country and the operator's name.

A row belongs here when the carrier data names the operator so and the code is the operator's main one; where an
operator has several codes a look-up by digits can't tell which. Operators that are not listed get their country's
code alone. As of July 2025.
"""

AS_OF = "2025-07"

COUNTRIES: dict[str, str] = {
    "AD": "213", "AE": "424", "AL": "276", "AM": "283", "AR": "722", "AT": "232", "AU": "505", "AX": "244",
    "AZ": "400", "BA": "218", "BD": "470", "BE": "206", "BG": "284", "BJ": "616", "BR": "724", "BY": "257",
    "CA": "302", "CH": "228", "CI": "612", "CL": "730", "CM": "624", "CN": "460", "CO": "732", "CY": "280",
    "CZ": "230", "DE": "262", "DK": "238", "DZ": "603", "EE": "248", "EG": "602", "ES": "214", "FI": "244",
    "FO": "288", "FR": "208", "GB": "234", "GE": "282", "GF": "340", "GG": "234", "GI": "266", "GL": "290",
    "GP": "340", "GR": "202", "HK": "454", "HR": "219", "HU": "216", "ID": "510", "IE": "272", "IL": "425",
    "IM": "234", "IN": "404", "IQ": "418", "IR": "432", "IS": "274", "IT": "222", "JE": "234", "JO": "416",
    "JP": "440", "KE": "639", "KG": "437", "KR": "450", "KW": "419", "KZ": "401", "LB": "415", "LI": "295",
    "LT": "246", "LU": "270", "LV": "247", "MA": "604", "MC": "212", "MD": "259", "ME": "297", "MG": "646",
    "MK": "294", "ML": "610", "MN": "428", "MQ": "340", "MT": "278", "MX": "334", "MY": "502", "NG": "621",
    "NL": "204", "NO": "242", "NZ": "530", "PE": "716", "PH": "515", "PK": "410", "PL": "260", "PT": "268",
    "QA": "427", "RE": "647", "RO": "226", "RS": "220", "RU": "250", "SA": "420", "SE": "240", "SG": "525",
    "SI": "293", "SJ": "242", "SK": "231", "SM": "292", "SN": "608", "TH": "520", "TJ": "436", "TM": "438",
    "TN": "605", "TR": "286", "TW": "466", "UA": "255", "US": "310", "UZ": "434", "VA": "225", "VN": "452",
    "XK": "221", "ZA": "655",
}  # fmt: skip
"""Mobile country code by ISO code; of a country with several, the one in common use."""

NETWORKS: dict[str, tuple[tuple[str, str], ...]] = {
    "AL": (("One", "01"), ("Vodafone", "02")),
    "AM": (("Team Telecom", "01"), ("VivaCell-MTS", "05"), ("Ucom", "10")),
    "AT": (("A1", "01"), ("T-Mobile", "03"), ("Three", "05"), ("spusu", "17")),
    "AZ": (("Azercell", "01"), ("Bakcell", "02"), ("FONEX", "03"), ("Nar Mobile", "04")),
    "BA": (("HT ERONET", "03"), ("m:tel", "05"), ("BH Telecom", "90")),
    "BE": (("Proximus", "01"), ("Lycamobile", "06"), ("Orange", "10"), ("Telenet", "20")),
    "BG": (("A1", "01"), ("Vivacom", "03"), ("Yettel", "05")),
    "BY": (("Velcom", "01"), ("MTS", "02"), ("Belcel", "03"), ("life", "04")),
    "CH": (("Swisscom", "01"), ("Sunrise", "02"), ("Salt", "03"), ("Lycamobile", "54")),
    "CY": (("Cytamobile", "01"), ("Epic", "10"), ("MTN", "10"), ("PrimeTel", "20")),
    "CZ": (("T-Mobile", "01"), ("O2", "02"), ("Vodafone", "03"), ("Nordic Telecom", "04")),
    "DE": (
        ("T-Mobile", "01"), ("Vodafone/Lycamobile", "43"), ("Vodafone", "02"), ("Eplus/Sipgate", "22"), ("O2", "03"),
        ("Eplus", "03"), ("1&1", "23"),
    ),
    "DK": (("tdc", "01"), ("telenor", "02"), ("3", "06"), ("lycamobile", "12"), ("telia", "20")),
    "EE": (("Telia", "01"), ("Elisa", "02"), ("Tele 2", "03")),
    "ES": (
        ("Vodafone", "01"), ("Orange", "03"), ("Yoigo", "04"), ("Movistar", "07"), ("Euskaltel", "08"),
        ("Telecable", "16"), ("DigiMobil", "22"), ("Lycamobile", "25"),
    ),
    "FI": (("Elisa", "05"), ("DNA", "12"), ("Suomen Virveverkko", "33"), ("Telia", "91")),
    "FR": (
        ("Orange", "01"), ("SFR", "10"), ("Free", "15"), ("Legos", "17"), ("Bouygues", "20"), ("Transatel", "22"),
        ("Lycamobile", "25"), ("Euroinformation", "26"),
    ),
    "GB": (
        ("Vectone", "01"), ("O2", "10"), ("Vodafone", "15"), ("Cloud9", "18"), ("Three", "20"), ("Truphone", "25"),
        ("Lycamobile", "26"), ("Marathon", "28"), ("EE", "30"), ("Orange", "33"), ("Gamma", "39"), ("JT", "50"),
        ("Sure", "55"), ("Sky", "57"), ("Manx Telecom", "58"), ("Airwave", "78"),
    ),
    "GE": (("Silknet", "01"), ("MagtiCom", "02"), ("Cellfie", "04"), ("Globalcell", "07")),
    "GG": (("Airtel", "03"), ("JT", "50"), ("Sure", "55")),
    "GR": (("Cosmote", "01"), ("Vodafone", "05"), ("Nova", "10"), ("Cyta", "14")),
    "HR": (("Hrvatski Telekom", "01"), ("Tele2", "02"), ("A1", "10")),
    "HU": (("Yettel", "01"), ("MVM Net", "02"), ("Magyar Telekom", "30"), ("One", "70")),
    "IE": (
        ("Vodafone", "01"), ("O2", "02"), ("Meteor", "03"), ("3", "05"), ("Tesco", "11"), ("Lycamobile", "13"),
        ("Virgin Media", "15"),
    ),
    "IL": (
        ("Orange", "01"), ("Cellcom", "02"), ("Pelephone", "03"), ("Jawwal", "05"), ("Ooredoo", "06"),
        ("Hot Mobile", "07"), ("Golan", "08"),
    ),
    "IM": (("Manx Telecom", "58"),),
    "IS": (("Síminn", "01"), ("Vodafone", "02"), ("Nova", "11")),
    "IT": (("TIM", "01"), ("Vodafone", "10"), ("WIND", "88"), ("3 Italia", "99")),
    "JE": (("Airtel", "03"), ("JT", "50"), ("Sure", "55")),
    "KG": (("Sky mobile", "01"), ("Aktel", "03"), ("ALFA Telecom", "05"), ("Nur Telecom", "09")),
    "KZ": (("Beeline", "01"), ("Kcell", "02"), ("T2", "77")),
    "LT": (("Telia", "01"), ("BITĖ", "02"), ("Tele 2", "03")),
    "LU": (("POST", "01"), ("Tango", "77"), ("Orange", "99")),
    "LV": (("LMT", "01"), ("Tele2", "02"), ("Triatel", "03"), ("Bite", "05")),
    "MA": (("Orange", "00"), ("Maroc Telecom", "01"), ("Inwi", "02")),
    "MD": (("Orange", "01"), ("Moldcell", "02"), ("Moldtelecom", "05"), ("IDC", "15")),
    "ME": (("Telenor", "01"), ("Telekom", "02"), ("m:tel", "03")),
    "MK": (("T-Mobile", "01"), ("A1", "03")),
    "MT": (("epic", "01"), ("GO Mobile", "21"), ("Melita", "77")),
    "NL": (
        ("Tele2", "02"), ("Vodafone", "04"), ("KPN", "08"), ("Lycamobile", "09"), ("Telfort", "12"),
        ("T-Mobile", "16"),
    ),
    "NO": (("telenor", "01"), ("telia", "02"), ("NetCom", "02"), ("lyca mobile", "23")),
    "PL": (("Plus", "01"), ("T-Mobile", "02"), ("Orange", "03"), ("Play", "06")),
    "PT": (("Vodafone", "01"), ("NOS", "03"), ("Lycamobile", "04"), ("MEO", "06")),
    "RO": (("Vodafone", "01"), ("Digi Mobil", "05"), ("Orange", "10"), ("Lycamobile", "16")),
    "RS": (("Telenor", "01"), ("Telekom Srbija", "03"), ("A1", "05")),
    "RU": (
        ("MTS", "01"), ("MegaFon", "02"), ("Vainakh", "08"), ("T2", "20"), ("K-Telecom", "32"), ("Sevastopol", "33"),
        ("Motiv", "35"), ("Multiregional", "42"), ("Sberbank", "50"), ("GLONASS", "77"), ("Beeline", "99"),
    ),
    "SE": (("TeliaSonera", "01"), ("HI3G", "02"), ("Tele2", "07"), ("Telenor Sverige", "08"), ("Lycamobile", "12")),
    "SI": (("A1", "40"), ("Telekom Slovenije", "41"), ("T-2", "64"), ("Telemach", "70")),
    "SK": (
        ("Orange", "01"), ("T-Mobile", "02"), ("4ka", "03"), ("Telefonica", "06"),
        ("Slovak Republic Railways", "99"),
    ),
    "TJ": (("Megafon", "03"), ("Babilon-M", "04"), ("ZET-MOBILE", "05")),
    "TM": (("MTS", "01"), ("TM-Cell", "02")),
    "TN": (("Orange", "01"), ("Tunisie", "02"), ("Ooredoo", "03")),
    "TR": (("Turkcell", "01"), ("Vodafone", "02"), ("Turk Telekom", "03")),
    "UA": (
        ("Vodafone", "01"), ("Kyivstar", "03"), ("Intertelecom", "04"), ("lifecell", "06"), ("TriMob", "07"),
        ("PEOPLEnet", "21"),
    ),
    "UZ": (("Beeline", "04"), ("Ucell", "05"), ("Perfectum", "06"), ("MobiUZ", "07"), ("Uzbektelecom", "08")),
}  # fmt: skip
"""By country: how an operator's name begins, and its network code; the first beginning that fits wins."""


def code_of(country: str, operator: str) -> tuple[str, str]:
    """Give the country and the network code of an operator; each is empty where it is not known."""
    mcc = COUNTRIES.get(country, "")
    named = NETWORKS.get(country, ()) if operator else ()
    return mcc, next((mnc for name, mnc in named if operator.startswith(name)), "")
