"""Settings of custody: how many custodians keep the shares of one machine, and what carries their messages."""

from dataclasses import dataclass

CUSTODIANS_MAX = 4
PART_MAX = 10_000
CARRIERS = ("http", "files")


@dataclass(frozen=True, slots=True)
class Custody:
    """The segregated accounts; the bank is the first custodian's."""

    custodians: int = 1
    """How many paper custodians `openscrip up` starts; a data folder never has fewer than it had."""

    carrier: str = "http"
    """What carries messages to and from custodians: `http`, or `files` in the folder `exchange` of each."""

    parts: str = ""
    """How what is bought is shared among the custodians, such as `60/40`, the first one first; empty: not split."""

    def weights(self) -> tuple[int, ...]:
        """The parts as numbers; none where nothing is split. Raises `ValueError`."""
        found = [each.strip() for each in self.parts.split("/")] if self.parts else []
        if not all(each.isascii() and each.isdecimal() and 0 < int(each) <= PART_MAX for each in found):
            raise ValueError(self.parts)
        return tuple(int(each) for each in found)

    def problems(self) -> list[str]:
        """What is wrong in this section, each as a sentence."""
        found = []
        if not 1 <= self.custodians <= CUSTODIANS_MAX:
            found.append(f"custody: {self.custodians} custodians were asked, 1 to {CUSTODIANS_MAX} can run")
        if self.carrier not in CARRIERS:
            found.append(f"custody: carrier was {self.carrier!r:.40}, one of {', '.join(CARRIERS)} is known")
        try:
            weights = self.weights()
        except ValueError:
            return [*found, f"custody: parts was {self.parts!a:.40}; give whole numbers above zero such as 60/40"]
        if weights and len(weights) != self.custodians:
            found.append(
                f"custody: parts named {len(weights)} custodians, {self.custodians} were asked; give one part for each"
            )
        return found
