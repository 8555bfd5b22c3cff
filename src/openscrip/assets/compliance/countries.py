"""Countries by the names that publishers write, as ISO 3166 alpha-2. A name that is not here adds nothing."""

_NAMES = """
AF Afghanistan|AL Albania|DZ Algeria|AD Andorra|AO Angola|AG Antigua and Barbuda|AR Argentina|AM Armenia|AU Australia
AT Austria|AZ Azerbaijan|BS Bahamas, The|BS Bahamas|BH Bahrain|BD Bangladesh|BB Barbados|BY Belarus|BE Belgium|BZ Belize
BJ Benin|BM Bermuda|BO Bolivia|BA Bosnia and Herzegovina|BW Botswana|BR Brazil|BN Brunei|BG Bulgaria|BF Burkina Faso
MM Burma|MM Myanmar|BI Burundi|KH Cambodia|CM Cameroon|CA Canada|KY Cayman Islands|CF Central African Republic|TD Chad
CL Chile|CN China|CO Colombia|KM Comoros|CD Congo, Democratic Republic of the|CG Congo, Republic of the|CR Costa Rica
HR Croatia|CU Cuba|CY Cyprus|CZ Czech Republic|CZ Czechia|DK Denmark|DJ Djibouti|DM Dominica|DO Dominican Republic
EC Ecuador|EG Egypt|SV El Salvador|GQ Equatorial Guinea|ER Eritrea|EE Estonia|ET Ethiopia|FJ Fiji|FI Finland|FR France
GA Gabon|GM Gambia, The|GE Georgia|DE Germany|GH Ghana|GI Gibraltar|GR Greece|GT Guatemala|GG Guernsey|GN Guinea|GY Guyana
HT Haiti|HN Honduras|HK Hong Kong|HU Hungary|IS Iceland|IN India|ID Indonesia|IR Iran|IQ Iraq|IE Ireland|IM Isle of Man
IL Israel|IT Italy|CI Cote d Ivoire|JM Jamaica|JP Japan|JE Jersey|JO Jordan|KZ Kazakhstan|KE Kenya|KP Korea, North
KR Korea, South|XK Kosovo|KW Kuwait|KG Kyrgyzstan|LA Laos|LV Latvia|LB Lebanon|LR Liberia|LY Libya|LI Liechtenstein
LT Lithuania|LU Luxembourg|MO Macau|MG Madagascar|MY Malaysia|MV Maldives|ML Mali|MT Malta|MH Marshall Islands|MR Mauritania
MU Mauritius|MX Mexico|MD Moldova|MC Monaco|MN Mongolia|ME Montenegro|MA Morocco|MZ Mozambique|NA Namibia|NP Nepal
NL Netherlands|NZ New Zealand|NI Nicaragua|NE Niger|NG Nigeria|MK North Macedonia, The Republic of|NO Norway|OM Oman
PK Pakistan|PS Palestinian|PA Panama|PY Paraguay|PE Peru|PH Philippines|PL Poland|PT Portugal|PR Puerto Rico|QA Qatar
RO Romania|RU Russia|RU Russian Federation|RW Rwanda|KN Saint Kitts and Nevis|WS Samoa|SA Saudi Arabia|SN Senegal|RS Serbia
SC Seychelles|SL Sierra Leone|SG Singapore|SK Slovakia|SI Slovenia|SO Somalia|ZA South Africa|SS South Sudan|ES Spain
LK Sri Lanka|SD Sudan|SE Sweden|CH Switzerland|SY Syria|TW Taiwan|TJ Tajikistan|TZ Tanzania|TH Thailand|TG Togo
TT Trinidad and Tobago|TN Tunisia|TR Turkey|TR Turkiye|TM Turkmenistan|UG Uganda|UA Ukraine|AE United Arab Emirates
GB United Kingdom|US United States|UY Uruguay|UZ Uzbekistan|VU Vanuatu|VE Venezuela|VN Vietnam|VG Virgin Islands, British
YE Yemen|ZM Zambia|ZW Zimbabwe
"""
_BY_NAME = {line[3:].casefold(): line[:2] for row in _NAMES.strip().splitlines() for line in row.split("|")}


def country_code(name: str) -> str:
    """Alpha-2 of a country by its English name as OFAC writes it, or by its code; empty if it is not known."""
    word = name.strip().casefold()
    return _BY_NAME.get(word) or (word.upper() if len(word) == 2 and word.isascii() and word.isalpha() else "")


def country_names() -> dict[str, str]:
    """Every country's name by its alpha-2 code, in the order of the names; of several names the first."""
    found: dict[str, str] = {}
    for row in _NAMES.strip().splitlines():
        for line in row.split("|"):
            found.setdefault(line[:2], line[3:])
    return dict(sorted(found.items(), key=lambda each: each[1]))
