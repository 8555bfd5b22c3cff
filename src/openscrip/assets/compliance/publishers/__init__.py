"""Readers of published lists. One module for each format; a publisher names the format of its files.

To add a publisher whose format is here: a line in `PUBLISHERS`. Files are told apart by their names, never by a guess.
"""

from collections.abc import Mapping

from openscrip.assets.compliance.publisher import Published, Reader
from openscrip.assets.compliance.publishers.ofac_advanced import read_ofac_advanced
from openscrip.assets.compliance.publishers.ofac_csv import read_ofac_csv
from openscrip.assets.compliance.publishers.ofac_xml import read_ofac_xml
from openscrip.assets.compliance.publishers.plain_csv import read_plain_csv
from openscrip.kernel.errors import Malformed

PUBLISHERS: Mapping[str, tuple[Reader, ...]] = {
    "ofac-sdn": (read_ofac_xml, read_ofac_advanced, read_ofac_csv),
    "ofac-consolidated": (read_ofac_xml, read_ofac_advanced, read_ofac_csv),
    "own": (read_plain_csv,),
    "un": (read_plain_csv,),
    "eu": (read_plain_csv,),
    "uk": (read_plain_csv,),
}
"""Who publishes, and in which formats we read it. The UN's, the EU's and the UK's own formats are not read: their lists
come in as plain CSV."""


def read_publication(publisher: str, files: Mapping[str, bytes]) -> Published:
    """What was published, by the names of its files.

    Raises `Malformed` with `list.publisher`, `list.files`, or what the format's reader finds.
    """
    if publisher not in PUBLISHERS:
        raise Malformed("list.publisher", f"list: publisher {publisher!r:.40} was none of {', '.join(PUBLISHERS)}")
    lower = {name.lower(): raw for name, raw in files.items()}
    reader = _reader(publisher, lower)
    return reader(lower)


def _reader(publisher: str, files: Mapping[str, bytes]) -> Reader:
    offered = PUBLISHERS[publisher]
    if read_plain_csv in offered:
        return read_plain_csv
    if not files:
        raise Malformed("list.files", "list: no file came")
    if all(name.endswith(".xml") for name in files):
        return read_ofac_advanced if any("advanced" in name for name in files) else read_ofac_xml
    return read_ofac_csv
